//! tiny-skia: draws on a canvas of argument 1 by argument 1 points, argument 2 times: gradients, curves filled and stroked,
//! blended and turned.

use programs::{checksum, number};
use tiny_skia::{
    BlendMode, Color, FillRule, FilterQuality, GradientStop, LinearGradient, Paint, PathBuilder, Pixmap, PixmapPaint,
    Point, RadialGradient, Rect, SpreadMode, Stroke, Transform,
};

fn main() {
    let side = number(1) as f32;
    let mut canvas = Pixmap::new(number(1) as u32, number(1) as u32).expect("it fits");
    let stops = || {
        vec![
            GradientStop::new(0.0, Color::from_rgba8(50, 127, 150, 200)),
            GradientStop::new(0.5, Color::from_rgba8(220, 140, 75, 180)),
            GradientStop::new(1.0, Color::from_rgba8(20, 30, 230, 120)),
        ]
    };
    let modes = [BlendMode::SourceOver, BlendMode::Multiply, BlendMode::Screen, BlendMode::Plus, BlendMode::SoftLight];
    for round in 0..number(2) {
        let turn = Transform::from_rotate_at(round as f32 * 17.0, side / 2.0, side / 2.0);
        let mut paint = Paint { anti_alias: true, blend_mode: modes[round % modes.len()], ..Paint::default() };
        paint.shader = LinearGradient::new(
            Point::from_xy(side * 0.1, side * 0.1),
            Point::from_xy(side * 0.9, side * 0.8),
            stops(),
            SpreadMode::Reflect,
            Transform::identity(),
        )
        .expect("it is one");
        let field = Rect::from_xywh(side * 0.05, side * 0.05, side * 0.9, side * 0.8).expect("it is one");
        canvas.fill_rect(field, &paint, Transform::identity(), None);

        let mut path = PathBuilder::new();
        path.move_to(side * 0.1, side * 0.2);
        path.cubic_to(side * 0.9, side * 0.1, side * 0.2, side * 0.9, side * 0.8, side * 0.8);
        path.quad_to(side * 0.3, side * 0.7, side * 0.1, side * 0.2);
        path.push_circle(side * 0.6, side * 0.4, side * 0.25);
        let path = path.finish().expect("it has points");
        paint.shader = RadialGradient::new(
            Point::from_xy(side * 0.5, side * 0.5),
            Point::from_xy(side * 0.4, side * 0.5),
            side * 0.45,
            stops(),
            SpreadMode::Pad,
            Transform::identity(),
        )
        .expect("it is one");
        canvas.fill_path(&path, &paint, FillRule::EvenOdd, turn, None);
        paint.set_color_rgba8(10, 60, 30, 200);
        paint.blend_mode = BlendMode::SourceOver;
        canvas.stroke_path(&path, &paint, &Stroke { width: side / 60.0, ..Stroke::default() }, turn, None);

        let copy = canvas.clone();
        let quality = PixmapPaint { opacity: 0.5, quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
        canvas.draw_pixmap(0, 0, copy.as_ref(), &quality, turn.pre_scale(0.7, 0.7), None);
    }
    println!("{:016x}", checksum(canvas.data()));
}
