// The console's libraries: htmx, and uPlot for plots. The map's comes by itself, for one page needs it.
import htmx from "htmx.org";
import uPlot from "uplot";

htmx.config.includeIndicatorCSS = false;
globalThis.htmx = htmx;
export { htmx, uPlot };
