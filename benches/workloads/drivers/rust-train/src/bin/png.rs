//! png: writes and reads a picture of argument 1 by argument 1 points.

use programs::{checksum, number, picture};
use std::io::Cursor;

fn main() {
    let side = number(1);
    let points = picture(side, 4);
    for (compression, filter) in [
        (png::Compression::Fast, png::Filter::Adaptive),
        (png::Compression::Balanced, png::Filter::Paeth),
    ] {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, side as u32, side as u32);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(compression);
        encoder.set_filter(filter);
        let mut writer = encoder.write_header().expect("it is in memory");
        writer.write_image_data(&points).expect("it is in memory");
        writer.finish().expect("it is in memory");
        let mut reader = png::Decoder::new(Cursor::new(&file)).read_info().expect("it was written so");
        let mut back = vec![0; reader.output_buffer_size().expect("it fits")];
        reader.next_frame(&mut back).expect("it was written so");
        println!("{} bytes {:016x} {}", file.len(), checksum(&file), back == points);
    }
}
