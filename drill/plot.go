package drill

import (
	"fmt"
	"html"
	"strings"
	"time"
)

// Plot draws doors opened per minute against the time of the attack, as SVG.
func (r Replayed) Plot() string {
	const bucket = 10 * time.Second
	buckets := int(r.Span/bucket) + 1
	theirs := perMinute(r.Theirs, bucket, buckets)
	c := chart{width: 760, height: 400, left: 64, right: 24, top: 124, bottom: 52, x: float64(buckets), y: nice(theirs)}
	c.open("Doors opened per minute by an attacker who owns the hub and all its keys")
	c.text(c.left, 32, "start", "title", "December 2020, played again")
	c.text(c.left, 56, "start", "quiet", fmt.Sprintf("Doors opened per minute by an attacker who owns the hub and all its keys. %d lockers.", replayLockers))
	c.text(c.left, 82, "start", "theirs-text", fmt.Sprintf("■ terminals that obey a well-formed command: %d of %d doors in %s", len(r.Theirs), r.Doors, clock(r.Span)))
	c.text(c.left, 102, "start", "ours-text", fmt.Sprintf("■ Lockstep's guards, sent %d messages: %d of %d doors", r.Sent, len(r.Ours), r.Doors))
	for y := 0.0; y <= c.y; y += c.y / 4 {
		c.rule(y)
	}
	for i := 0; i <= buckets; i += 3 {
		c.text(c.atX(float64(i)), c.height-c.bottom+20, "middle", "tick", clock(time.Duration(i)*bucket))
	}
	c.text((c.left+c.width-c.right)/2, c.height-10, "middle", "tick", "minutes since the first command")
	c.steps(theirs, "theirs")
	c.steps(perMinute(r.Ours, bucket, buckets), "ours")
	return c.close()
}

// perMinute counts moments by bucket, as a rate.
func perMinute(moments []time.Duration, bucket time.Duration, buckets int) []float64 {
	rate := make([]float64, buckets)
	for _, m := range moments {
		rate[min(int(m/bucket), buckets-1)] += float64(time.Minute / bucket)
	}
	return rate
}

// nice is the top of an axis that holds all values: 4 steps of 1, 2 or 5 times a power of ten.
func nice(values []float64) float64 {
	for power := 1.0; ; power *= 10 {
		for _, step := range []float64{1, 2, 5} {
			top := 4 * step * power
			fits := true
			for _, v := range values {
				fits = fits && v <= top
			}
			if fits {
				return top
			}
		}
	}
}

// chart is a drawing with axes; x and y are where they end.
type chart struct {
	strings.Builder
	width, height, left, right, top, bottom float64
	x, y                                    float64
}

func (c *chart) atX(x float64) float64 { return c.left + x/c.x*(c.width-c.left-c.right) }
func (c *chart) atY(y float64) float64 { return c.height - c.bottom - y/c.y*(c.height-c.top-c.bottom) }

func (c *chart) open(title string) {
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-label="%s">
<style>
text{font:14px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1d1d1b}.title{font-size:19px;font-weight:700}.quiet,.tick{fill:#5d5d58}.tick{font-size:12px}
.theirs{fill:#c8402f33;stroke:#c8402f;stroke-width:2}.ours{fill:none;stroke:#0f6f4f;stroke-width:4}.theirs-text{fill:#b03224;font-weight:600}.ours-text{fill:#0f6f4f;font-weight:600}
line{stroke:#dcdcd4}
</style>
<rect width="%g" height="%g" rx="10" fill="#fdfdfb"/>
`, c.width, c.height, c.width, c.height, html.EscapeString(title), c.width, c.height)
}

func (c *chart) text(x, y float64, anchor, class, text string) {
	fmt.Fprintf(c, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">%s</text>\n", x, y, anchor, class, html.EscapeString(text))
}

// rule is a horizontal line with its value.
func (c *chart) rule(y float64) {
	fmt.Fprintf(c, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", c.left, c.width-c.right, c.atY(y), c.atY(y))
	c.text(c.left-8, c.atY(y)+4, "end", "tick", fmt.Sprint(y))
}

// steps draws one value a bucket.
func (c *chart) steps(values []float64, class string) {
	var path strings.Builder
	fmt.Fprintf(&path, "M%.1f %.1f", c.atX(0), c.atY(0))
	for i, v := range values {
		fmt.Fprintf(&path, "V%.1fH%.1f", c.atY(v), c.atX(float64(i+1)))
	}
	fmt.Fprintf(&path, "V%.1f", c.atY(0))
	fmt.Fprintf(c, "<path d=\"%s\" class=\"%s\"/>\n", path.String(), class)
}

func (c *chart) close() string { return c.String() + "</svg>\n" }
