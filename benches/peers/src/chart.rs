//! Horizontal bars as SVG, on a logarithmic scale where the values spread. All colours, the text's too, are of middle
//! brightness: a picture does not learn whether the page around it is light or dark, so it must be readable on both.

use std::fmt::Write;

/// One row of a picture: a name and a bar or several.
#[derive(Debug, Clone)]
pub struct Row {
    /// What it stands for.
    pub label: String,
    /// Its bars, the first of them in full colour.
    pub bars: Vec<Bar>,
    /// Which of the colours.
    pub colour: Colour,
}

/// One bar.
#[derive(Debug, Clone)]
pub struct Bar {
    /// How long it is; nothing where there is no value.
    pub value: Option<f64>,
    /// What is written at its end.
    pub text: String,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// pirn.
    Own,
    /// Another interpreter.
    Interpreter,
    /// A compiler.
    Jit,
    /// No runtime.
    Floor,
}

impl Colour {
    const ALL: [(Self, &str, &str); 4] = [
        (Self::Own, "own", "pirn"),
        (Self::Interpreter, "interpreter", "interpreters"),
        (Self::Jit, "jit", "compilers"),
        (Self::Floor, "floor", "no runtime"),
    ];

    fn class(self) -> &'static str {
        Self::ALL.iter().find(|(colour, ..)| *colour == self).map_or("", |(_, class, _)| class)
    }
}

/// What is written around the bars.
#[derive(Debug, Clone, Copy)]
pub struct Caption<'a> {
    /// In large letters.
    pub title: &'a str,
    /// What the values are.
    pub subtitle: &'a str,
    /// Names of the bars of a row, if there are several.
    pub bars: &'a [&'a str],
}

const WIDTH: f64 = 760.0;
const LABELS: f64 = 180.0;
const TEXTS: f64 = 150.0;
const TOP: f64 = 58.0;

/// Values that spread by more than this are drawn on a logarithmic scale.
const SPREAD: f64 = 8.0;

/// Where values lie.
struct Scale {
    log: bool,
    least: f64,
    most: f64,
}

impl Scale {
    fn of(rows: &[Row]) -> Self {
        let values = rows.iter().flat_map(|row| &row.bars).filter_map(|bar| bar.value);
        let (least, most) =
            values.fold((f64::MAX, f64::MIN), |(least, most), value| (value.min(least), value.max(most)));
        let log = most > least * SPREAD;
        // A logarithmic scale begins below the shortest bar, so that it can be seen.
        Self { log, least: if log { least * 0.7 } else { 0.0 }, most }
    }

    fn x(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(self.least) / self.least).ln() / (self.most / self.least).ln()
        } else {
            value / self.most
        };
        LABELS + share * (WIDTH - LABELS - TEXTS)
    }

    /// Where lines help the eye.
    fn ticks(&self) -> Vec<f64> {
        if self.log {
            let wide = self.most > self.least * 100.0;
            let decades = (self.least.log10().floor() as i32)..=(self.most.log10().ceil() as i32);
            let steps: &[f64] = if wide { &[1.0] } else { &[1.0, 2.0, 5.0] };
            let ticks = decades.flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)));
            return ticks.filter(|tick| (self.least..=self.most).contains(tick)).collect();
        }
        let decade = 10_f64.powf(self.most.log10().floor());
        let step = [0.2, 0.5, 1.0, 2.0].map(|step| step * decade).into_iter().find(|step| self.most / step <= 6.0);
        let step = step.unwrap_or(decade);
        (1..=6).map(|i| f64::from(i) * step).filter(|tick| *tick <= self.most).collect()
    }
}

/// The picture.
pub fn svg(caption: Caption<'_>, rows: &[Row]) -> String {
    let scale = Scale::of(rows);
    let several = caption.bars.len() > 1;
    let thickness = if several { 11.0 } else { 18.0 };
    let of_row = |row: &Row| row.bars.len() as f64 * (thickness + 1.0);
    let bottom = TOP + rows.iter().map(|row| of_row(row) + 9.0).sum::<f64>();
    let height = bottom + 46.0;
    let logarithmic = if scale.log { "; logarithmic scale" } else { "" };
    let Caption { title, subtitle, .. } = caption;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="{title}: {subtitle}">
<style>
text {{ font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #757d87; }}
.title {{ font-size: 16px; font-weight: 600; }}
.small {{ font-size: 11px; }}
.own {{ fill: #dd6b20; }} .interpreter {{ fill: #3d8fd1; }} .jit {{ fill: #8a7fc2; }} .floor {{ fill: #7d8a7a; }}
.strong {{ font-weight: 600; }}
.pale {{ opacity: 0.55; }}
line {{ stroke: #757d87; stroke-opacity: 0.25; }}
</style>
<text class="title" x="8" y="22">{title}</text>
<text x="8" y="42">{subtitle}{logarithmic}</text>
"##
    );
    for tick in scale.ticks() {
        let x = scale.x(tick);
        let _ = writeln!(
            svg,
            r#"<line x1="{x:.1}" x2="{x:.1}" y1="{:.0}" y2="{bottom:.0}"/><text class="small" x="{x:.1}" y="{:.0}" text-anchor="middle">{tick}</text>"#,
            TOP - 4.0,
            bottom + 13.0
        );
    }
    let mut y = TOP;
    for row in rows {
        let class = row.colour.class();
        let strong = if row.colour == Colour::Own { r#" class="strong""# } else { "" };
        let _ = writeln!(
            svg,
            r#"<text{strong} x="{:.0}" y="{:.1}" text-anchor="end">{}</text>"#,
            LABELS - 8.0,
            y + of_row(row) / 2.0 + 4.5,
            row.label
        );
        for (index, bar) in row.bars.iter().enumerate() {
            let end = bar.value.map_or(LABELS, |value| scale.x(value));
            let pale = if index == 0 { "" } else { " pale" };
            let small = if several { r#" class="small""# } else { "" };
            if bar.value.is_some() {
                let length = (end - LABELS).max(1.0);
                let _ = writeln!(
                    svg,
                    r#"<rect class="{class}{pale}" x="{LABELS}" y="{y:.1}" width="{length:.1}" height="{thickness}" rx="2"/>"#
                );
            }
            let _ = writeln!(
                svg,
                r#"<text{small} x="{:.1}" y="{:.1}">{}</text>"#,
                end + 6.0,
                y + thickness / 2.0 + if several { 4.0 } else { 4.5 },
                bar.text
            );
            y += thickness + 1.0;
        }
        y += 9.0;
    }
    legend(&mut svg, height - 10.0, caption, rows);
    svg.push_str("</svg>\n");
    svg
}

/// The colours that occur, and what a row's bars are.
fn legend(svg: &mut String, y: f64, caption: Caption<'_>, rows: &[Row]) {
    let mut x = 8.0;
    let mut entry = |class: &str, text: &str| {
        let _ = writeln!(
            svg,
            r#"<rect class="{class}" x="{x}" y="{:.0}" width="10" height="10" rx="2"/><text class="small" x="{}" y="{y:.0}">{text}</text>"#,
            y - 9.0,
            x + 15.0
        );
        x += 36.0 + 6.5 * text.len() as f64;
    };
    for (colour, class, text) in Colour::ALL {
        if rows.iter().any(|row| row.colour == colour) {
            entry(class, text);
        }
    }
    if let [first, rest @ ..] = caption.bars
        && !rest.is_empty()
    {
        entry("own", &format!("full: {first}"));
        for text in rest {
            entry("own pale", &format!("pale: {text}"));
        }
    }
}
