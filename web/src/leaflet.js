// leaflet.js: what our map page needs of Leaflet; its style becomes leaflet.css.
import "leaflet/dist/leaflet.css";

export { Map, TileLayer, Layer, Control, DomUtil, DomEvent, LatLng, LatLngBounds, CRS } from "leaflet/dist/leaflet-src.esm.js";
