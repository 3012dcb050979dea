//! csv: writes a table of argument 1 rows, reads it and adds up columns by names.

use programs::{Noise, number};
use std::collections::BTreeMap;

fn main() {
    let mut noise = Noise(7);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["city", "population", "latitude", "remark"]).expect("it is in memory");
    for _ in 0..number(1) {
        let (x, y) = (noise.next(), noise.next());
        let remark = if x % 3 == 0 { "said \"yes\", and left" } else { "none" };
        let fields = [format!("city {}", y % 97), (x % 1_000_000).to_string(), format!("{:.3}", f64::from(y) / 1e7), remark.into()];
        writer.write_record(fields).expect("it is in memory");
    }
    let table = writer.into_inner().expect("it is in memory");
    let mut cities: BTreeMap<String, (u64, f64)> = BTreeMap::new();
    let mut letters = 0;
    for record in csv::Reader::from_reader(&table[..]).records() {
        let record = record.expect("it was written so");
        let city = cities.entry(record[0].to_owned()).or_default();
        city.0 += record[1].parse::<u64>().unwrap_or(0);
        city.1 += record[2].parse::<f64>().unwrap_or(0.0);
        letters += record[3].len();
    }
    let (people, north) = cities.values().fold((0, 0.0), |sum, city| (sum.0 + city.0, sum.1 + city.1));
    println!("{} bytes, {} cities, {people} people, {north:.3}, {letters} letters", table.len(), cities.len());
}
