//! Bars in SVG, for the page and as a file of its own.

use std::fmt::Write as _;

/// The look of a chart, by the reader's choice of light or dark.
const STYLE: &str = "
svg:root { background: #fbfbf9 }
.chart text { font: 13px system-ui, sans-serif; fill: #1d2733 } .chart .faint { fill: #6b7785 }
.chart rect { fill: #3178c6 } .chart rect.best { fill: #d9622b }
@media (prefers-color-scheme: dark) { svg:root { background: #14181d } .chart text { fill: #e4e9ee } .chart .faint { fill: #93a0ae }
.chart rect { fill: #5b9be0 } .chart rect.best { fill: #ec8552 } }
";

/// One bar: what stands left of it, how long it is, what stands right of it.
pub struct Bar {
    pub label: String,
    pub value: f64,
    pub text: String,
    pub note: String,
    pub best: bool,
}

/// Groups of bars under a title; the longest bar of each group fills the width.
pub fn bars(aria_label: &str, groups: &[(&str, Vec<Bar>)]) -> String {
    const LEFT: f64 = 80.0;
    const RIGHT: f64 = 165.0;
    const BAR: f64 = 18.0;
    const GAP: f64 = 34.0;
    const WIDTH: f64 = 520.0;
    let mut body = String::new();
    let mut y = 0.0;
    for (title, bars) in groups {
        y += GAP;
        let _ = writeln!(body, "<text x='0' y='{:.0}' font-weight='600'>{title}</text>", y - 8.0);
        let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
        for Bar { label, value, text, note, best } in bars {
            let length = (WIDTH - LEFT - RIGHT) * value / most;
            let class = if *best { " class='best'" } else { "" };
            let _ = writeln!(
                body,
                "<text x='{:.0}' y='{:.0}' text-anchor='end' class='faint'>{label}</text>\
                 <rect x='{LEFT}' y='{:.0}' width='{length:.1}' height='{:.0}' rx='2'{class}/>\
                 <text x='{:.0}' y='{:.0}'>{text} <tspan class='faint'>{note}</tspan></text>",
                LEFT - 8.0,
                y + BAR - 5.0,
                y,
                BAR - 3.0,
                LEFT + length + 8.0,
                y + BAR - 5.0,
            );
            y += BAR;
        }
    }
    format!(
        "<svg class='chart' xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {:.0}' role='img' \
         aria-label='{aria_label}'>\n<style>{STYLE}</style>\n{body}</svg>\n",
        y + 8.0
    )
}
