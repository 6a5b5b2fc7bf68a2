//! Latency against load, as SVG.

use crate::load::Step;
use std::fmt::Write as _;

const STYLE: &str = "
svg:root { background: #fbfbf9 } text { font: 13px system-ui, sans-serif; fill: #1d2733 } .faint { fill: #6b7785 } .grid { stroke: #d9dde2 }
.p50 { stroke: #3178c6; fill: #3178c6 } .p99 { stroke: #d9622b; fill: #d9622b } .full { stroke: #6b7785; stroke-dasharray: 4 4 }
polyline { fill: none !important; stroke-width: 2 }
@media (prefers-color-scheme: dark) { svg:root { background: #14181d } text { fill: #e4e9ee } .faint { fill: #93a0ae } .grid { stroke: #333c46 }
.p50 { stroke: #5b9be0; fill: #5b9be0 } .p99 { stroke: #ec8552; fill: #ec8552 } }
";

const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;

/// p50 and p99 of the accepted requests, and the share that was turned away.
pub fn draw(steps: &[Step], capacity: f64) -> String {
    let most_rate = steps.iter().map(|step| step.rate).fold(capacity, f64::max);
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    let most_ms = nice(steps.iter().map(|step| ms(step.p99)).fold(1.0, f64::max));
    let x = |rate: f64| LEFT + WIDTH * rate / most_rate;
    let y = |ms: f64| TOP + HEIGHT * (1.0 - ms / most_ms);
    let mut body = String::new();
    for k in 0..=4 {
        let (value, rate) = (most_ms * f64::from(k) / 4.0, most_rate * f64::from(k) / 4.0);
        let _ = writeln!(
            body,
            "<line class='grid' x1='{LEFT}' x2='{:.1}' y1='{:.1}' y2='{:.1}'/><text class='faint' x='{:.1}' y='{:.1}' \
             text-anchor='end'>{value}</text><text class='faint' x='{:.1}' y='{:.1}' text-anchor='middle'>{rate:.0}</text>",
            LEFT + WIDTH,
            y(value),
            y(value),
            LEFT - 8.0,
            y(value) + 4.0,
            x(rate),
            TOP + HEIGHT + 20.0,
        );
    }
    for (class, time) in [("p50", (|step: &Step| step.p50) as fn(&Step) -> _), ("p99", |step: &Step| step.p99)] {
        let points: Vec<String> =
            steps.iter().map(|step| format!("{:.1},{:.1}", x(step.rate), y(ms(time(step))))).collect();
        let _ = writeln!(body, "<polyline class='{class}' points='{}'/>", points.join(" "));
        if let Some(last) = steps.last() {
            let (x, y) = (x(last.rate) + 8.0, y(ms(time(last))) + 4.0);
            let _ = writeln!(body, "<text x='{x:.1}' y='{y:.1}'>{class}</text>");
        }
    }
    let mut free_from = 0.0;
    for step in steps {
        let turned_away = step.refused + step.expired;
        // Loads close to each other: one text is read, two over each other are not.
        if turned_away > 0 && x(step.rate) >= free_from {
            free_from = x(step.rate) + 90.0;
            let _ = writeln!(
                body,
                "<text class='faint' x='{:.1}' y='{:.1}' text-anchor='middle'>{:.0}% refused</text>",
                x(step.rate),
                TOP - 6.0,
                100.0 * turned_away as f64 / step.requests as f64,
            );
        }
    }
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 760 420' role='img' aria-label='Latency against load'>\n\
         <style>{STYLE}</style>\n{body}<line class='full' x1='{0:.1}' x2='{0:.1}' y1='{TOP}' y2='{1:.1}'/>\
         <text class='faint' x='{0:.1}' y='{2:.1}' text-anchor='end'>capacity </text>\n\
         <text x='{LEFT}' y='18'>ms from request to answer</text>\n\
         <text x='{3:.1}' y='{4:.1}' text-anchor='end'>requests offered in a second</text>\n</svg>\n",
        x(capacity),
        TOP + HEIGHT,
        TOP + 14.0,
        LEFT + WIDTH,
        TOP + HEIGHT + 40.0,
    )
}

/// The next of 1, 2, 4, 10, 20, 40, ...
fn nice(most: f64) -> f64 {
    let ten = 10f64.powf(most.log10().floor());
    [1.0, 2.0, 4.0, 10.0].into_iter().map(|k| k * ten).find(|k| *k >= most).unwrap_or(most)
}
