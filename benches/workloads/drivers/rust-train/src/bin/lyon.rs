//! lyon: makes triangles of argument 1 shapes with curves and of their outlines.

use lyon_tessellation::geometry_builder::simple_builder;
use lyon_tessellation::math::{Point, point};
use lyon_tessellation::path::Path;
use lyon_tessellation::{FillOptions, FillTessellator, StrokeOptions, StrokeTessellator, VertexBuffers};
use programs::{Noise, number};

fn main() {
    let mut noise = Noise(19);
    let (mut fill, mut stroke) = (FillTessellator::new(), StrokeTessellator::new());
    let (mut corners, mut triangles, mut area) = (0, 0, 0.0f64);
    for _ in 0..number(1) {
        let mut some = || point((noise.next() >> 22) as f32, (noise.next() >> 22) as f32);
        let mut path = Path::builder();
        path.begin(some());
        for _ in 0..6 {
            path.line_to(some());
            path.quadratic_bezier_to(some(), some());
            path.cubic_bezier_to(some(), some(), some());
        }
        path.end(true);
        let path = path.build();
        for outline in [false, true] {
            let mut shapes: VertexBuffers<Point, u16> = VertexBuffers::new();
            let result = if outline {
                stroke.tessellate(&path, &StrokeOptions::default().with_line_width(3.0), &mut simple_builder(&mut shapes))
            } else {
                fill.tessellate(&path, &FillOptions::default(), &mut simple_builder(&mut shapes))
            };
            result.expect("it has an area");
            corners += shapes.vertices.len();
            triangles += shapes.indices.len() / 3;
            for corner in shapes.indices.as_chunks::<3>().0 {
                let [a, b, c] = corner.map(|index| shapes.vertices[usize::from(index)]);
                area += f64::from((b - a).cross(c - a)).abs() / 2.0;
            }
        }
    }
    println!("{corners} corners, {triangles} triangles, {}", area > 1e6);
}
