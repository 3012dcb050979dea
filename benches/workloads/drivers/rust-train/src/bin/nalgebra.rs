//! nalgebra: decompositions of matrices of argument 1 rows, and small ones of fixed size.

use nalgebra::{DMatrix, DVector, Isometry3, Matrix4, Point3, SymmetricEigen, Vector3};
use programs::{Noise, number};

fn main() {
    let side = number(1);
    let mut noise = Noise(11);
    let mut some = move || f64::from(noise.next()) / 4_294_967_296.0 - 0.5;
    let a = DMatrix::from_fn(side, side, |row, column| some() + if row == column { 4.0 } else { 0.0 });
    let b = DVector::from_fn(side, |_, _| some());
    let solved = a.clone().lu().solve(&b).expect("it is regular");
    println!("{:.9} {}", solved.norm(), (&a * &solved - &b).norm() < 1e-9);
    println!("{:.6}", a.clone().qr().r().diagonal().map(f64::abs).sum());
    let symmetric = &a * a.transpose();
    println!("{:.6}", symmetric.clone().cholesky().expect("it is positive").l().trace());
    println!("{:.6}", SymmetricEigen::new(symmetric).eigenvalues.sum());
    println!("{:.6}", a.svd(false, false).singular_values.sum());
    let mut point = Point3::new(1.0, 2.0, 3.0);
    let turn = Isometry3::new(Vector3::new(0.1, -0.2, 0.05), Vector3::new(0.3, 0.1, -0.2));
    let mut small = Matrix4::<f64>::identity();
    for round in 0..side * 400 {
        point = turn * point;
        small = small * 0.5 + Matrix4::from_fn(|row, column| ((row * 3 + column + round) % 7) as f64 * 0.1);
        small = small.try_inverse().unwrap_or_else(Matrix4::identity);
        small /= small.norm() + 1.0;
    }
    println!("{:.6} {:.6}", point.coords.norm(), small.norm());
}
