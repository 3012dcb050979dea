//! quick-xml: writes a document of argument 1 elements, and reads it.

use programs::{Noise, number};
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

fn main() {
    let mut noise = Noise(20);
    let mut writer = Writer::new(Vec::new());
    writer.write_event(Event::Start(BytesStart::new("list"))).expect("it is in memory");
    for id in 0..number(1) {
        let x = noise.next();
        let mut item = BytesStart::new("item");
        item.push_attribute(("id", id.to_string().as_str()));
        item.push_attribute(("note", if x % 2 == 0 { "a < b & \"c\"" } else { "plain" }));
        writer.write_event(Event::Start(item)).expect("it is in memory");
        writer.write_event(Event::Text(BytesText::new(&format!("text {x} <{}>", x % 10)))).expect("it is in memory");
        writer.write_event(Event::Empty(BytesStart::new("br"))).expect("it is in memory");
        writer.write_event(Event::End(BytesEnd::new("item"))).expect("it is in memory");
    }
    writer.write_event(Event::End(BytesEnd::new("list"))).expect("it is in memory");
    let text = writer.into_inner();
    let mut reader = Reader::from_reader(&text[..]);
    let (mut buffer, mut elements, mut letters, mut ids) = (Vec::new(), 0, 0, 0u64);
    loop {
        match reader.read_event_into(&mut buffer).expect("it is valid") {
            Event::Start(element) => {
                elements += 1;
                for attribute in element.attributes() {
                    let attribute = attribute.expect("it is valid");
                    letters += attribute.value.len();
                    if attribute.key.as_ref() == "id" {
                        ids += attribute.value.parse::<u64>().unwrap_or(0);
                    }
                }
            }
            Event::Text(text) => letters += text.len(),
            Event::Eof => break,
            _ => elements += 1000,
        }
        buffer.clear();
    }
    println!("{} bytes, {elements}, {letters}, {ids}", text.len());
}
