//! Horizontal bars as SVG, on a logarithmic scale where the values spread. The colours are of middle brightness, so that
//! they can be read on light and on dark pages, and the text follows the page's scheme where the viewer knows it.

use std::fmt::Write;

/// One bar.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// How long it is.
    pub value: f64,
    /// What is written at its end.
    pub text: String,
    /// Which of the colours.
    pub colour: Colour,
}

/// What a bar is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// pirn.
    Own,
    /// Another interpreter.
    Interpreter,
    /// A compiler.
    Jit,
}

const WIDTH: f64 = 760.0;
const LABELS: f64 = 190.0;
const TEXTS: f64 = 110.0;
const BAR: f64 = 20.0;
const STEP: f64 = 28.0;
const TOP: f64 = 56.0;

/// Values that spread by more than this are drawn on a logarithmic scale.
const SPREAD: f64 = 8.0;

/// The picture.
pub fn svg(title: &str, subtitle: &str, bars: &[Bar]) -> String {
    let (least, most) =
        bars.iter().fold((f64::MAX, f64::MIN), |(least, most), bar| (bar.value.min(least), bar.value.max(most)));
    let log = most > least * SPREAD;
    // A logarithmic bar begins at half the shortest, so that it can be seen.
    let length = |value: f64| {
        let share = if log { (value / least * 2.0).ln() / (most / least * 2.0).ln() } else { value / most };
        share * (WIDTH - LABELS - TEXTS)
    };
    let height = TOP + STEP * bars.len() as f64 + 30.0;
    let scale = if log { "; logarithmic scale" } else { "" };
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="{title}">
<style>
text {{ font: 13px system-ui, sans-serif; fill: #59636e; }}
.title {{ font-size: 16px; font-weight: 600; }}
.own {{ fill: #d9622b; }} .interpreter {{ fill: #4a8fc7; }} .jit {{ fill: #8a8f98; }}
@media (prefers-color-scheme: dark) {{ text {{ fill: #a9b1bb; }} }}
</style>
<text class="title" x="8" y="22">{title}</text>
<text x="8" y="42">{subtitle}{scale}</text>
"##
    );
    for (index, bar) in bars.iter().enumerate() {
        let y = TOP + STEP * index as f64;
        let class = match bar.colour {
            Colour::Own => "own",
            Colour::Interpreter => "interpreter",
            Colour::Jit => "jit",
        };
        let (middle, length) = (y + 15.0, length(bar.value));
        let _ = writeln!(
            svg,
            r#"<text x="{:.0}" y="{middle:.0}" text-anchor="end">{}</text><rect class="{class}" x="{LABELS}" y="{y:.0}" width="{length:.1}" height="{BAR}" rx="2"/><text x="{:.1}" y="{middle:.0}">{}</text>"#,
            LABELS - 8.0,
            bar.label,
            LABELS + length + 6.0,
            bar.text
        );
    }
    let y = height - 10.0;
    let _ = writeln!(
        svg,
        r#"<rect class="own" x="8" y="{a:.0}" width="10" height="10"/><text x="22" y="{y:.0}">pirn</text><rect class="interpreter" x="70" y="{a:.0}" width="10" height="10"/><text x="84" y="{y:.0}">interpreters</text><rect class="jit" x="180" y="{a:.0}" width="10" height="10"/><text x="194" y="{y:.0}">compilers</text>"#,
        a = y - 10.0
    );
    svg.push_str("</svg>\n");
    svg
}
