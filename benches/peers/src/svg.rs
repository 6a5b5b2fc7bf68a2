//! Charts that are readable on light and dark paper.

use std::fmt::Write as _;

const STYLE: &str = "svg:root{background:#fbfbf9}\
text{font:13px system-ui,sans-serif;fill:#333c46}.f{fill:#6b7785}.g{stroke:#d9dde2}.one{stroke:#d9622b}\
.w{fill:#3178c6}.l{fill:#d9622b}@media(prefers-color-scheme:dark){\
svg:root{background:#14181d}text{fill:#e4e9ee}.f{fill:#93a0ae}.g{stroke:#333c46}\
.w{fill:#5b9be0}.l{fill:#ec8552}}";
const COLOURS: [&str; 12] = [
    "#9aa4ae", "#6b7785", "#7aa6d8", "#3f87d4", "#1f9e89", "#8bbf3d", "#d9622b", "#c2a000", "#b04bb5", "#7a5cd6",
    "#e377a8", "#8c564b",
];

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn frame(width: f64, height: f64, title: &str, body: &str) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0} {height:.0}' width='{width:.0}' \
         height='{height:.0}' role='img' aria-label='{title}'>\n<style>{STYLE}</style>\n\
         <text x='8' y='20' font-weight='600'>{title}</text>\n{body}</svg>\n",
        title = escape(title)
    )
}

/// Horizontal bars on a logarithmic scale about 1; those below it stand out.
pub fn ratios(title: &str, unit: &str, rows: &[(String, f64)]) -> String {
    // Some 7 pixels a letter at this size.
    let left = 24.0 + 7.0 * rows.iter().map(|row| row.0.chars().count()).max().unwrap_or(0) as f64;
    let width = left + 490.0;
    let low = rows.iter().map(|row| row.1).fold(0.8, f64::min).log2().floor();
    let high = rows.iter().map(|row| row.1).fold(1.25, f64::max).log2().ceil();
    let x = |value: f64| left + (width - left - 70.0) * (value.log2() - low) / (high - low);
    let bottom = 40.0 + 20.0 * rows.len() as f64;
    let mut body = String::new();
    let step = ((high - low) / 8.0).ceil().max(1.0) as usize;
    for power in (low as i32..=high as i32).step_by(step) {
        let value = f64::from(power).exp2();
        let _ = writeln!(
            body,
            "<line class='g' x1='{0:.1}' x2='{0:.1}' y1='32' y2='{bottom:.0}'/><text class='f' x='{0:.1}' y='{1:.0}' \
             text-anchor='middle'>{value}</text>",
            x(value),
            bottom + 18.0
        );
    }
    for (i, (name, value)) in rows.iter().enumerate() {
        let (y, from, to) = (36.0 + 20.0 * i as f64, x(value.min(1.0)), x(value.max(1.0)));
        let _ = writeln!(
            body,
            "<text x='{:.0}' y='{:.0}' text-anchor='end'>{}</text><rect class='{}' x='{from:.1}' y='{y:.0}' width='{:.1}' \
             height='15' rx='2'/><text class='f' x='{:.1}' y='{:.0}'>{value:.2}</text>",
            left - 8.0,
            y + 12.0,
            escape(name),
            if *value < 1.0 { "l" } else { "w" },
            (to - from).max(1.0),
            to + 5.0,
            y + 12.0
        );
    }
    let _ = writeln!(
        body,
        "<line class='one' x1='{0:.1}' x2='{0:.1}' y1='32' y2='{bottom:.0}'/><text class='f' x='{1:.0}' y='{2:.0}' \
         text-anchor='end'>{unit}</text>",
        x(1.0),
        width - 8.0,
        bottom + 38.0
    );
    frame(width, bottom + 48.0, title, &body)
}

/// Lines over sizes, both axes logarithmic.
pub fn growth(title: &str, sides: &[usize], lines: &[(String, Vec<f64>)]) -> String {
    const L: f64 = 84.0;
    const T: f64 = 40.0;
    const W: f64 = 620.0;
    const H: f64 = 380.0;
    let all = || lines.iter().flat_map(|line| &line.1).copied();
    let (low, high) = (all().fold(f64::INFINITY, f64::min).log10(), all().fold(1.0, f64::max).log10());
    let (low, high) = ((low * 2.0).floor() / 2.0, (high * 2.0).ceil() / 2.0);
    let x = |i: usize| L + W * i as f64 / (sides.len() - 1).max(1) as f64;
    let y = |value: f64| T + H * (high - value.log10()) / (high - low);
    let mut body = String::new();
    for decade in low.floor() as i32..=high.ceil() as i32 {
        for times in [1.0, 2.0, 5.0] {
            let value = times * 10f64.powi(decade);
            if value.log10() >= low - 1e-9 && value.log10() <= high + 1e-9 {
                let _ = writeln!(
                    body,
                    "<line class='g' x1='{L}' x2='{}' y1='{1:.1}' y2='{1:.1}'/><text class='f' x='{2}' y='{3:.1}' \
                     text-anchor='end'>{value}</text>",
                    L + W,
                    y(value),
                    L - 6.0,
                    y(value) + 4.0
                );
            }
        }
    }
    for (i, side) in sides.iter().enumerate() {
        let _ = writeln!(
            body,
            "<text class='f' x='{:.0}' y='{:.0}' text-anchor='middle'>{side}</text>",
            x(i),
            T + H + 20.0
        );
    }
    let _ = writeln!(
        body,
        "<text class='f' x='{:.0}' y='{:.0}' text-anchor='middle'>side of the picture, pixels</text>\
         <text class='f' transform='translate(18 {:.0}) rotate(-90)' text-anchor='middle'>megapixels per second</text>",
        L + W / 2.0,
        T + H + 42.0,
        T + H / 2.0
    );
    for (i, (name, speeds)) in lines.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let dash = if name.contains("2 threads") { " stroke-dasharray='6 3'" } else { "" };
        let points: String = speeds.iter().enumerate().map(|(i, v)| format!("{:.1},{:.1} ", x(i), y(*v))).collect();
        let key = T + 12.0 + 22.0 * i as f64;
        let _ = writeln!(
            body,
            "<polyline fill='none' stroke='{colour}' stroke-width='2'{dash} points='{points}'/>\
             <line x1='{0:.0}' x2='{1:.0}' y1='{key:.0}' y2='{key:.0}' stroke='{colour}' stroke-width='3'{dash}/>\
             <text x='{2:.0}' y='{3:.0}'>{4}</text>",
            L + W + 20.0,
            L + W + 48.0,
            L + W + 56.0,
            key + 4.0,
            escape(name)
        );
    }
    frame(L + W + 230.0, T + H + 56.0, title, &body)
}
