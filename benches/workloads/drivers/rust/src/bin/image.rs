//! image: filters a picture of argument 1 by argument 1 points.

use image::imageops::{self, FilterType};
use image::{DynamicImage, RgbImage};
use programs::{checksum, number, picture};

fn main() {
    let side = number(1);
    let picture = RgbImage::from_raw(side as u32, side as u32, picture(side, 3)).expect("it fits");
    let print = |what: &str, bytes: &[u8]| println!("{what} {:016x}", checksum(bytes));
    let whole = DynamicImage::ImageRgb8(picture);
    print("grey", whole.grayscale().as_bytes());
    print("fast blur", whole.fast_blur(4.0).as_bytes());
    print("filter", whole.filter3x3(&[0.0, -1.0, 0.0, -1.0, 5.0, -1.0, 0.0, -1.0, 0.0]).as_bytes());
    print("brighter", whole.brighten(20).as_bytes());
    print("contrast", whole.adjust_contrast(15.0).as_bytes());
    print("turned", whole.rotate90().as_bytes());
    print("deep", whole.to_rgba16().iter().flat_map(|part| part.to_le_bytes()).collect::<Vec<_>>().as_slice());
    print("thumbnail", whole.thumbnail(side as u32 / 3, side as u32 / 3).as_bytes());
    print("smaller", whole.resize(side as u32 / 2, side as u32 / 2, FilterType::Triangle).as_bytes());
    let mut inverted = whole.clone();
    inverted.invert();
    imageops::overlay(&mut inverted, &whole, side as i64 / 4, side as i64 / 4);
    print("inverted", inverted.as_bytes());
}
