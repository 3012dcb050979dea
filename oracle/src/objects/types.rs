//! The types of a program: recursion groups of structs and arrays, with subtypes; and nearly the same groups once more.

use crate::rng::Rng;
use std::fmt::Write;
use std::ops::Range;

/// Type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ty {
    I32,
    I64,
    Any,
    Extern,
    Exn,
    /// Nullable reference to an object of this type.
    Object(usize),
    /// Nullable reference to a function of type `$fn`.
    Func,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    I8,
    I16,
    F64,
    V128,
    Value(Ty),
}

/// A field, and whether it may change.
pub(super) type Fields = Vec<(Field, bool)>;

/// A struct or array.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) supertype: Option<usize>,
    is_final: bool,
    pub(super) is_array: bool,
    /// One, of arrays.
    pub(super) fields: Fields,
}

#[derive(Debug)]
pub(super) struct Types {
    pub(super) objects: Vec<Object>,
    groups: Vec<Range<usize>>,
}

impl Types {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let mut this = Self { objects: Vec::new(), groups: Vec::new() };
        for _ in 0..rng.between(2, 4) {
            let start = this.objects.len();
            let end = start + rng.between(1, 3);
            for index in start..end {
                let object = this.object(rng, index, end);
                this.objects.push(object);
            }
            this.groups.push(start..end);
        }
        this
    }

    /// Type number `index`, of a group that ends at `end`.
    fn object(&self, rng: &mut Rng, index: usize, end: usize) -> Object {
        // The first one anything can be below.
        if index == 0 {
            let fields = vec![(Field::Value(Ty::I32), true), (Field::Value(Ty::Any), true)];
            return Object { supertype: None, is_final: false, is_array: false, fields };
        }
        let open: Vec<_> = (0..index).filter(|&of| !self.objects[of].is_final).collect();
        let supertype = rng.chance(60).then(|| *rng.pick(&open));
        let is_array = supertype.map_or_else(|| rng.chance(40), |of| self.objects[of].is_array);
        let mut fields = supertype.map(|of| self.objects[of].fields.clone()).unwrap_or_default();
        if !is_array {
            let more = rng.between(usize::from(fields.is_empty()), 3);
            fields.extend((0..more).map(|_| (self.field(rng, end), rng.chance(70))));
        } else if fields.is_empty() {
            fields.push((self.field(rng, end), rng.chance(80)));
        }
        // What does not change may be less in a subtype.
        for (field, mutable) in &mut fields {
            if let Field::Value(Ty::Object(of)) = *field
                && !*mutable
                && of < index
                && rng.chance(50)
            {
                let below: Vec<_> = (0..index).filter(|&sub| self.is_below(sub, of)).collect();
                *field = Field::Value(Ty::Object(*rng.pick(&below)));
            }
        }
        Object { supertype, is_final: rng.chance(25), is_array, fields }
    }

    fn field(&self, rng: &mut Rng, end: usize) -> Field {
        match rng.below(12) {
            0 => Field::I8,
            1 => Field::I16,
            2 => Field::F64,
            3 => Field::V128,
            4 | 5 => Field::Value(Ty::I32),
            6 => Field::Value(Ty::I64),
            7 => Field::Value(Ty::Any),
            8 => Field::Value(Ty::Extern),
            9 => Field::Value(Ty::Func),
            _ => Field::Value(Ty::Object(rng.below(end))),
        }
    }

    /// Whether a type is declared to be below another, or is it.
    pub(super) fn is_below(&self, sub: usize, of: usize) -> bool {
        sub == of || self.objects.get(sub).and_then(|sub| sub.supertype).is_some_and(|above| self.is_below(above, of))
    }

    pub(super) fn any_object(&self, rng: &mut Rng) -> usize {
        rng.below(self.objects.len())
    }

    pub(super) fn any_value(&self, rng: &mut Rng) -> Ty {
        match rng.weighted(&[4, 2, 3, 1, 1, 5, 1]) {
            0 => Ty::I32,
            1 => Ty::I64,
            2 => Ty::Any,
            3 => Ty::Extern,
            4 => Ty::Exn,
            5 => Ty::Object(self.any_object(rng)),
            _ => Ty::Func,
        }
    }

    pub(super) fn text(&self, ty: Ty) -> String {
        match ty {
            Ty::I32 => "i32".into(),
            Ty::I64 => "i64".into(),
            Ty::Any => "anyref".into(),
            Ty::Extern => "externref".into(),
            Ty::Exn => "exnref".into(),
            Ty::Object(index) => format!("(ref null $s{index})"),
            Ty::Func => "(ref null $fn)".into(),
        }
    }

    fn field_text(&self, field: Field) -> String {
        match field {
            Field::I8 => "i8".into(),
            Field::I16 => "i16".into(),
            Field::F64 => "f64".into(),
            Field::V128 => "v128".into(),
            Field::Value(ty) => self.text(ty),
        }
    }

    /// A group, whose types are called `$s` and their numbers, in `text`.
    fn group(&self, group: &Range<usize>, text: &mut String) {
        text.push_str("(rec");
        for index in group.clone() {
            let Object { supertype, is_final, is_array, fields } = &self.objects[index];
            let last = if *is_final { "final " } else { "" };
            let above = supertype.map(|above| format!("$s{above} ")).unwrap_or_default();
            write!(text, " (type $s{index} (sub {last}{above}({}", if *is_array { "array" } else { "struct" }).unwrap();
            for &(field, mutable) in fields {
                let field = self.field_text(field);
                let field = if mutable { format!("(mut {field})") } else { field };
                if *is_array { write!(text, " {field}") } else { write!(text, " (field {field})") }.unwrap();
            }
            text.push_str(")))");
        }
        text.push_str(")\n");
    }

    /// Names of the types that [`Self::others`] makes for a module.
    pub(super) fn names_of_others(&self, module: usize) -> Vec<String> {
        self.groups[0].clone().map(|index| format!("$o{module}_{index}")).collect()
    }

    /// The first group once more for a module: the same, or with another type in it, or with fields that do not change.
    pub(super) fn others(&self, rng: &mut Rng, module: usize) -> String {
        let mut text = String::new();
        let group = &self.groups[0];
        self.group(group, &mut text);
        match rng.below(3) {
            0 => {}
            1 => text = text.replacen("(rec", "(rec (type (struct))", 1),
            _ => text = text.replace("(mut anyref)", "anyref"),
        }
        for index in group.clone() {
            text = text.replace(&format!("$s{index} "), &format!("$o{module}_{index} "));
            text = text.replace(&format!("$s{index})"), &format!("$o{module}_{index})"));
        }
        text
    }

    /// All groups, in some order, among which `others` stand.
    pub(super) fn definitions(&self, rng: &mut Rng, others: &str) -> String {
        let mut text = String::from("(type $fn (sub (func (param anyref i32) (result anyref))))\n");
        let at = rng.below(self.groups.len() + 1);
        for (index, group) in self.groups.iter().enumerate() {
            if index == at {
                text.push_str(others);
            }
            self.group(group, &mut text);
            if index == 0 {
                text.push_str("(type $fn2 (sub $fn (func (param anyref i32) (result (ref null $s0)))))\n");
                text.push_str("(type $fn3 (sub final $fn2 (func (param anyref i32) (result (ref null $s0)))))\n");
            }
        }
        if at == self.groups.len() {
            text.push_str(others);
        }
        text
    }

    /// A constant expression.
    pub(super) fn constant(&self, rng: &mut Rng, ty: Ty) -> String {
        match ty {
            Ty::I32 => format!("(i32.const {})", rng.integer() as i32),
            Ty::I64 => format!("(i64.const {})", rng.integer() as i64),
            Ty::Extern if rng.chance(50) => format!("(extern.convert_any {})", self.constant(rng, Ty::Any)),
            Ty::Extern => "(ref.null extern)".into(),
            Ty::Exn => "(ref.null exn)".into(),
            Ty::Func => "(ref.null nofunc)".into(),
            Ty::Any => match rng.below(4) {
                0 => "(ref.null none)".into(),
                1 => format!("(ref.i31 (i32.const {}))", rng.integer() as i32),
                _ => {
                    let object = self.any_object(rng);
                    self.constant(rng, Ty::Object(object))
                }
            },
            Ty::Object(_) if rng.chance(20) => "(ref.null none)".into(),
            Ty::Object(of) => {
                let below: Vec<_> = (0..self.objects.len()).filter(|&sub| self.is_below(sub, of)).collect();
                let object = *rng.pick(&below);
                match (self.objects[object].is_array, &self.objects[object].fields[0].0) {
                    (true, _) => format!("(array.new_default $s{object} (i32.const {}))", rng.between(2, 8)),
                    (false, Field::Value(Ty::I32)) if self.objects[object].fields.len() == 1 => {
                        format!("(struct.new $s{object} (i32.const {}))", rng.integer() as i32)
                    }
                    (false, _) => format!("(struct.new_default $s{object})"),
                }
            }
        }
    }
}
