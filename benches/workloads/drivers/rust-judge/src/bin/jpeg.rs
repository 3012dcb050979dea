//! jpeg-encoder and zune-jpeg: a picture of argument 1 by argument 1 points to JPEG and back.

use jpeg_encoder::{ColorType, Encoder};
use programs::{checksum, number, picture};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

fn main() {
    let side = number(1);
    let points = picture(side, 3);
    for (quality, progressive) in [(80, false), (95, true)] {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, quality);
        encoder.set_progressive(progressive);
        encoder.encode(&points, side as u16, side as u16, ColorType::Rgb).expect("it is in memory");
        let back = JpegDecoder::new(ZCursor::new(&file)).decode().expect("it was written so");
        let far = points.iter().zip(&back).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
        println!("{} bytes {:016x} {:016x} {far}", file.len(), checksum(&file), checksum(&back));
    }
}
