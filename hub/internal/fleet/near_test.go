package fleet

import (
	"math"
	"testing"
)

func TestKilometres(t *testing.T) {
	for name, row := range map[string]struct{ latitude, longitude, otherLatitude, otherLongitude, want float64 }{
		"the same place":         {55.7577, 37.6136, 55.7577, 37.6136, 0},
		"Moscow to Kazan":        {55.7577, 37.6136, 55.7887, 49.1221, 717},
		"a degree north":         {10, 20, 11, 20, 111.2},
		"over the date line":     {65, 179.99, 65, -179.99, 0.94},
		"half round the Equator": {0, 0, 0, 180, 20015},
		"from pole to pole":      {90, 10, -90, 70, 20015},
	} {
		a, b := Locker{Latitude: row.latitude, Longitude: row.longitude}, Locker{Latitude: row.otherLatitude, Longitude: row.otherLongitude}
		for _, got := range []float64{a.kilometresTo(b), b.kilometresTo(a)} {
			if math.Abs(got-row.want) > max(0.01, row.want/200) {
				t.Errorf("%s: %.2f km, want %.2f", name, got, row.want)
			}
		}
	}
}
