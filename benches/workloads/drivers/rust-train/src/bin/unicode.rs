//! unicode-normalization and unicode-segmentation: texts in several scripts, argument 1 times.

use programs::{checksum, number};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

const TEXT: &str = "Ça et là, où le cœur naïf s'émeut; Übergrößenträger, Åström & Ñandú. \
    Τάχιστη αλώπηξ βαφής ψημένη γη. Съешь же ещё этих мягких французских булок. \
    いろはにほへと ちりぬるを。 한국어는 아름답다. ความสุข नमस्ते दुनिया 👩‍👩‍👧‍👦 e\u{301}e\u{308}o\u{328}\u{302} ﬁne ½ ㎏ Å";

fn main() {
    let mut sums = [0usize; 8];
    let mut text = String::new();
    for round in 0..number(1) {
        text.clear();
        text.push_str(&TEXT[TEXT.char_indices().nth(round % 40).map_or(0, |(at, _)| at)..]);
        let decomposed: String = text.nfd().collect();
        let compatible: String = text.nfkc().collect();
        sums[0] += decomposed.len();
        sums[1] += compatible.nfc().count();
        sums[2] += text.graphemes(true).count();
        sums[3] += text.unicode_words().map(str::len).sum::<usize>();
        sums[4] += decomposed.split_word_bounds().count();
        sums[5] += text.to_uppercase().len() + text.to_lowercase().len();
        sums[6] ^= checksum(compatible.as_bytes()) as usize;
        sums[7] += text.chars().filter(|letter| letter.is_alphabetic()).count();
    }
    println!("{sums:?}");
}
