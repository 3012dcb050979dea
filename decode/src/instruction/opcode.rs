//! Which instruction an opcode means (spec 5.4): looked up in tables that are made of the rows.

use super::Instruction;

/// An opcode (spec 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opcode {
    /// The first of its bytes, if a number in LEB128 follows.
    pub prefix: Option<u8>,
    /// That number, or else the only byte.
    pub number: u16,
}

impl Opcode {
    /// Of what no module contains: lowering puts it in place of other operators.
    const NONE: Self = Self { prefix: None, number: u16::MAX };

    /// Whether a module may contain it.
    pub const fn exists(self) -> bool {
        self.number != u16::MAX
    }

    pub(super) const fn of(parts: &[u16]) -> Self {
        match *parts {
            [] => Self::NONE,
            [byte] if byte < FIRST_PREFIX as u16 || byte > LAST_PREFIX as u16 => Self { prefix: None, number: byte },
            [prefix, number] if prefix >= FIRST_PREFIX as u16 && prefix <= LAST_PREFIX as u16 => {
                Self { prefix: Some(prefix as u8), number }
            }
            _ => panic!("an opcode is a byte, or a prefix and a number"),
        }
    }
}

/// The bytes that are prefixes of opcodes.
const FIRST_PREFIX: u8 = 0xfb;
const LAST_PREFIX: u8 = 0xfe;
const PREFIXES: usize = (LAST_PREFIX - FIRST_PREFIX) as usize + 1;

/// How many numbers there are behind prefixes, those without an instruction counted.
const NUMBERS: usize = {
    let (mut most, mut i) = (0, 0);
    while i < Instruction::ALL.len() {
        let Opcode { prefix, number } = Instruction::ALL[i].info().opcode;
        if prefix.is_some() && number as usize >= most {
            most = number as usize + 1;
        }
        i += 1;
    }
    most
};

/// What opcodes mean: those of one byte, and by prefix those of a number.
struct Meanings {
    bytes: [Option<Instruction>; 256],
    numbers: [[Option<Instruction>; NUMBERS]; PREFIXES],
}

static MEANINGS: Meanings = {
    let mut meanings = Meanings { bytes: [None; 256], numbers: [[None; NUMBERS]; PREFIXES] };
    let mut i = 0;
    while i < Instruction::ALL.len() {
        let instruction = Instruction::ALL[i];
        i += 1;
        if !instruction.info().opcode.exists() {
            continue;
        }
        let place = match instruction.info().opcode {
            Opcode { prefix: None, number } => &mut meanings.bytes[number as usize],
            Opcode { prefix: Some(prefix), number } => {
                &mut meanings.numbers[(prefix - FIRST_PREFIX) as usize][number as usize]
            }
        };
        assert!(place.is_none(), "two instructions have one opcode");
        *place = Some(instruction);
    }
    meanings
};

impl Instruction {
    /// The instruction whose opcode this byte is, unless it is a prefix.
    #[inline(always)]
    pub fn of_byte(byte: u8) -> Option<Self> {
        MEANINGS.bytes[usize::from(byte)]
    }

    /// The instruction whose opcode is a prefix and a number.
    #[inline(never)]
    pub fn of_number(prefix: u8, number: u32) -> Option<Self> {
        let numbers = MEANINGS.numbers.get(usize::from(prefix.wrapping_sub(FIRST_PREFIX)))?;
        *numbers.get(number as usize)?
    }

    /// The one byte of its opcode.
    ///
    /// # Panics
    /// It has a prefix.
    pub const fn byte(self) -> u8 {
        let Opcode { prefix, number } = self.info().opcode;
        assert!(prefix.is_none(), "it has a prefix");
        number as u8
    }
}
