//! naga: compiles the WGSL shaders of the file of argument 1 to SPIR-V, HLSL, MSL and, each entry point, to GLSL.

use naga::back::{glsl, hlsl, msl, spv};
use naga::proc::BoundsCheckPolicies;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use programs::{checksum, file};

fn main() {
    let text = String::from_utf8(file(1)).expect("it is text");
    let module = naga::front::wgsl::parse_str(&text).expect("it can be parsed");
    let info = Validator::new(ValidationFlags::all(), Capabilities::all()).validate(&module).expect("it is valid");
    let words = spv::write_vec(&module, &info, &spv::Options::default(), None).expect("SPIR-V can be written");
    print("spv", &words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>());
    let mut text = String::new();
    let pipeline = hlsl::PipelineOptions::default();
    let options = hlsl::Options::default();
    hlsl::Writer::new(&mut text, &options, &pipeline).write(&module, &info, None).expect("HLSL can be written");
    print("hlsl", text.as_bytes());
    let options = msl::Options { lang_version: (2, 4), ..Default::default() };
    let (text, _) = msl::write_string(&module, &info, &options, &msl::PipelineOptions::default())
        .expect("MSL can be written");
    print("msl", text.as_bytes());
    for entry in &module.entry_points {
        let mut text = String::new();
        let options = glsl::Options { version: glsl::Version::Embedded { version: 310, is_webgl: false }, ..Default::default() };
        let pipeline = glsl::PipelineOptions {
            shader_stage: entry.stage,
            entry_point: entry.name.clone(),
            multiview: None,
        };
        glsl::Writer::new(&mut text, &module, &info, &options, &pipeline, BoundsCheckPolicies::default())
            .and_then(|mut writer| writer.write())
            .expect("GLSL can be written");
        print(&entry.name, text.as_bytes());
    }
}

fn print(what: &str, bytes: &[u8]) {
    println!("{what}: {} bytes {:016x}", bytes.len(), checksum(bytes));
}
