//! glam: a ray tracer of argument 1 by argument 1 points, and transformations.

use glam::{Mat4, Quat, Vec3, Vec4};
use programs::{checksum, number};

struct Ball {
    centre: Vec3,
    radius: f32,
    colour: Vec3,
    mirror: f32,
}

fn hit(balls: &[Ball], from: Vec3, ray: Vec3) -> Option<(f32, &Ball)> {
    let mut nearest: Option<(f32, &Ball)> = None;
    for ball in balls {
        let to = from - ball.centre;
        let half = to.dot(ray);
        let inside = half * half - to.length_squared() + ball.radius * ball.radius;
        if inside > 0.0 {
            let far = -half - inside.sqrt();
            if far > 1e-3 && nearest.is_none_or(|(before, _)| far < before) {
                nearest = Some((far, ball));
            }
        }
    }
    nearest
}

fn trace(balls: &[Ball], from: Vec3, ray: Vec3, depth: u32) -> Vec3 {
    let light = Vec3::new(0.6, 0.7, -0.4).normalize();
    let Some((far, ball)) = hit(balls, from, ray) else {
        return Vec3::new(0.5, 0.7, 1.0).lerp(Vec3::ONE, 0.5 - 0.5 * ray.y);
    };
    let point = from + ray * far;
    let normal = (point - ball.centre) / ball.radius;
    let shade = if hit(balls, point, light).is_some() { 0.1 } else { normal.dot(light).max(0.1) };
    let own = ball.colour * shade;
    if depth == 0 || ball.mirror == 0.0 {
        return own;
    }
    own.lerp(trace(balls, point, ray - normal * 2.0 * ray.dot(normal), depth - 1), ball.mirror)
}

fn main() {
    let side = number(1);
    let balls: Vec<Ball> = (0..12u8)
        .map(|index| {
            let i = f32::from(index);
            Ball {
                centre: Vec3::new((i % 4.0 - 1.5) * 1.2, (i * 0.37).fract() * 2.0 - 1.0, 4.0 + (i / 4.0).floor()),
                radius: 0.4 + 0.05 * (i % 3.0),
                colour: Vec3::new(0.9 - 0.05 * i, 0.3 + 0.05 * i, 0.5),
                mirror: if index % 2 == 0 { 0.4 } else { 0.0 },
            }
        })
        .collect();
    let mut picture = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let at = |part: usize| part as f32 / side as f32 - 0.5;
            let colour = trace(&balls, Vec3::ZERO, Vec3::new(at(x), -at(y), 0.8).normalize(), 3);
            picture.extend((colour.clamp(Vec3::ZERO, Vec3::ONE) * 255.0).to_array().map(|part| part as u8));
        }
    }
    println!("{:016x}", checksum(&picture));
    let (mut matrix, mut turn) = (Mat4::IDENTITY, Quat::IDENTITY);
    let mut sum = Vec4::ZERO;
    for round in 0..side * 60 {
        let i = round as f32 * 0.01;
        turn = (turn * Quat::from_xyzw(0.01, 0.02, -0.01, 1.0)).normalize();
        matrix = Mat4::from_rotation_translation(turn, Vec3::new(i, -i, 1.0)) * matrix.inverse();
        sum = sum * 0.5 + matrix * Vec4::new(1.0, i, 0.5, 1.0);
        matrix = Mat4::from_scale(Vec3::splat(0.9)) * matrix.transpose();
        if !matrix.is_finite() || matrix.determinant().abs() < 1e-6 {
            matrix = Mat4::IDENTITY;
        }
    }
    println!("{}", sum.is_finite());
}
