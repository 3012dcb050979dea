//! rstar: a tree of argument 1 points and boxes, asked for what is near.

use programs::{Noise, number};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

fn main() {
    let count = number(1);
    let mut noise = Noise(16);
    let mut some = || f64::from(noise.next() >> 8) / 16_777_216.0;
    let points: Vec<_> = (0..count).map(|index| GeomWithData::new([some(), some()], index)).collect();
    let mut tree = RTree::bulk_load(points);
    (0..count / 2).for_each(|index| tree.insert(GeomWithData::new([some(), some() * 0.5], index)));
    let (mut nearest, mut inside, mut near) = (0, 0, 0);
    for _ in 0..count / 2 {
        let (x, y) = (some(), some());
        nearest ^= tree.nearest_neighbor([x, y]).map_or(0, |point| point.data);
        inside += tree.locate_in_envelope(AABB::from_corners([x, y], [x + 0.02, y + 0.03])).count();
        near += tree.locate_within_distance([x, y], 0.0001).map(|point| point.data).sum::<usize>();
    }
    println!("{} {nearest} {inside} {near}", tree.size());
    let boxes = (0..count / 4).map(|_| {
        let (x, y) = (some(), some());
        Rectangle::from_corners([x, y], [x + 0.01, y + 0.01])
    });
    let boxes = RTree::bulk_load(boxes.collect());
    println!("{}", boxes.intersection_candidates_with_other_tree(&boxes).count());
}
