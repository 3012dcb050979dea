//! ndarray: products, sums, windows and slices of arrays of argument 1 rows.

use ndarray::{Array1, Array2, Array3, Axis, Zip, s};
use programs::{Noise, number};

fn main() {
    let side = number(1);
    let mut noise = Noise(17);
    let mut some = || f64::from(noise.next() >> 16) / 65_536.0;
    let a = Array2::from_shape_simple_fn((side, side), &mut some);
    let b = Array2::from_shape_simple_fn((side, side), &mut some);
    let product = a.dot(&b);
    println!("{:.6} {:.6}", product.sum(), product.diag().sum());
    println!("{:.6}", a.dot(&Array1::linspace(0.0, 1.0, side)).sum());
    let mut sums = a.sum_axis(Axis(0)) + &b.mean_axis(Axis(1)).expect("it is not empty");
    sums.mapv_inplace(|part| (part * 0.01).sqrt());
    println!("{:.6}", sums.sum());
    let mut grid = a.clone();
    for _ in 0..20 {
        let mut next = grid.clone();
        Zip::from(next.slice_mut(s![1..-1, 1..-1])).and(grid.windows((3, 3))).for_each(|to, window| *to = window.sum() / 9.0);
        grid = next;
    }
    println!("{:.6}", grid.var(0.0));
    let mut cube = Array3::<f32>::zeros((side / 4, side / 4, 8));
    for (index, mut lane) in cube.lanes_mut(Axis(1)).into_iter().enumerate() {
        lane.iter_mut().enumerate().for_each(|(at, part)| *part = ((index * at) % 17) as f32);
    }
    let permuted = cube.permuted_axes([2, 0, 1]);
    println!("{} {}", permuted.slice(s![1..;2, .., ..;-3]).sum(), permuted.fold(0.0, |most: f32, &part| most.max(part)));
    let folded = &a * &b.t() - &a / (&b + 1.0);
    println!("{:.6}", folded.map_axis(Axis(1), |row| row.fold(f64::MIN, |most, &part| most.max(part))).sum());
}
