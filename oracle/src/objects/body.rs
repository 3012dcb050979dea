//! Bodies of functions.

use super::types::{Field, Ty};
use super::{DATA, FUNCS, Func, Plan, TABLE, Tag};
use crate::rng::Rng;
use std::fmt::Write;

/// The functions of a module; in the place of each export's name stands `EXPORT`.
pub(super) fn bodies(rng: &mut Rng, plan: &Plan, module: usize) -> Vec<String> {
    plan.funcs[module].iter().map(|func| Body::new(rng, plan, module, func).function(func)).collect()
}

/// What must not go on for ever.
const FUEL_CHECK: &str = "(if (i32.eqz (global.get $fuel)) (then unreachable))
    (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))\n";

struct Body<'a> {
    rng: &'a mut Rng,
    plan: &'a Plan,
    module: usize,
    params: usize,
    locals: Vec<Ty>,
    results: Vec<Ty>,
    /// Counters of loops.
    counters: usize,
    /// Names given so far.
    labels: usize,
    /// Labels that take nothing and may be branched to.
    open: Vec<usize>,
    budget: isize,
}

impl<'a> Body<'a> {
    fn new(rng: &'a mut Rng, plan: &'a Plan, module: usize, func: &Func) -> Self {
        let mut locals = func.params.clone();
        locals.extend((0..rng.between(2, 6)).map(|_| plan.types.any_value(rng)));
        locals.extend([Ty::I32, Ty::Any, Ty::Object(0), Ty::Exn]);
        let budget = rng.between(20, 90) as isize;
        let (params, results) = (func.params.len(), func.results.clone());
        Self { rng, plan, module, params, locals, results, counters: 0, labels: 0, open: Vec::new(), budget }
    }

    fn function(mut self, func: &Func) -> String {
        let mut body = String::from(FUEL_CHECK);
        for _ in 0..self.rng.between(2, 7) {
            body.push_str(&self.statement(5));
        }
        let results = self.results.clone();
        results.iter().for_each(|&ty| body.push_str(&self.value(ty, 4)));
        let params = func.params.iter().enumerate();
        let params: String = params.map(|(i, &ty)| format!(" (param $l{i} {})", self.plan.types.text(ty))).collect();
        let results: String = results.iter().map(|&ty| format!(" (result {})", self.plan.types.text(ty))).collect();
        let ty = func.ty.map(|ty| format!("(type {ty})")).unwrap_or_default();
        let locals = self.locals.iter().enumerate().skip(self.params);
        let mut declared: String =
            locals.map(|(i, &ty)| format!("(local $l{i} {})", self.plan.types.text(ty))).collect();
        (0..self.counters).for_each(|i| write!(declared, "(local $c{i} i32)").unwrap());
        format!("(func {} (export \"EXPORT\") {ty}{params}{results}\n{declared}\n{body})\n", func.name)
    }

    fn label(&mut self) -> usize {
        self.labels += 1;
        self.labels
    }

    fn new_local(&mut self, ty: Ty) -> usize {
        self.locals.push(ty);
        self.locals.len() - 1
    }

    /// A local of this type, for there is always one or can be.
    fn local(&mut self, ty: Ty) -> usize {
        let of_type: Vec<_> = (0..self.locals.len()).filter(|&local| self.locals[local] == ty).collect();
        if of_type.is_empty() { self.new_local(ty) } else { *self.rng.pick(&of_type) }
    }

    fn below(&mut self, of: usize) -> usize {
        let types = &self.plan.types;
        let below: Vec<_> = (0..types.objects.len()).filter(|&sub| types.is_below(sub, of)).collect();
        *self.rng.pick(&below)
    }

    /// A type that has a field of this type, and which.
    fn field_of(&mut self, is_wanted: impl Fn(Field, bool) -> bool) -> Option<(usize, usize)> {
        let fields = self.plan.types.objects.iter().enumerate().flat_map(|(object, ty)| {
            ty.fields.iter().enumerate().filter(|(_, field)| is_wanted(field.0, field.1)).map(move |(i, _)| (object, i))
        });
        let fields: Vec<_> = fields.collect();
        (!fields.is_empty()).then(|| *self.rng.pick(&fields))
    }

    fn tag(&mut self) -> Tag {
        let module = if self.rng.chance(65) { 0 } else { self.module };
        self.rng.pick(&self.plan.tags[module]).clone()
    }

    /// An index, or how many elements something is about: mostly within bounds.
    fn small(&mut self) -> String {
        let most = if self.rng.chance(4) { 70 } else { 3 };
        format!("(i32.const {})", self.rng.below(most))
    }

    /// How many elements an array has.
    fn length(&mut self) -> String {
        let least = if self.rng.chance(10) { 0 } else { 4 };
        format!("(i32.const {})", self.rng.between(least, 9))
    }

    fn values(&mut self, types: &[Ty], depth: usize) -> String {
        types.iter().map(|&ty| self.value(ty, depth)).collect()
    }

    /// A heap type that may be cast to from `anyref`.
    fn heap_type(&mut self) -> String {
        match self.rng.below(12) {
            0 => "eq".into(),
            1 => "i31".into(),
            2 => "struct".into(),
            3 => "array".into(),
            4 => "none".into(),
            5 => self.rng.pick(&self.plan.others[self.module]).clone(),
            _ => format!("$s{}", self.plan.types.any_object(self.rng)),
        }
    }

    /// A reference that is not null, or a trap in its place: mostly the former.
    fn object(&mut self, object: usize, depth: usize) -> String {
        if self.rng.chance(15) { self.value(Ty::Object(object), depth) } else { self.not_null(object, depth) }
    }

    /// A reference that is not null.
    fn not_null(&mut self, object: usize, depth: usize) -> String {
        let local = self.local(Ty::Object(object));
        let (value, new) = (self.value(Ty::Object(object), depth), self.new_object(object, depth.min(1)));
        format!(
            "(if (result (ref null $s{object})) (ref.is_null (local.tee $l{local} {value})) (then {new}) (else (local.get $l{local})))"
        )
    }

    /// An object of this type, or of one below.
    fn new_object(&mut self, of: usize, depth: usize) -> String {
        let object = self.below(of);
        let ty = self.plan.types.objects[object].clone();
        if !ty.is_array {
            if self.rng.chance(25) {
                return format!("(struct.new_default $s{object})");
            }
            let fields: String = ty.fields.iter().map(|&(field, _)| self.stored(field, depth)).collect();
            return format!("(struct.new $s{object} {fields})");
        }
        let (field, module) = (ty.fields[0].0, self.module);
        let is_any = field == Field::Value(Ty::Any);
        let is_number =
            matches!(field, Field::I8 | Field::I16 | Field::F64 | Field::V128 | Field::Value(Ty::I32 | Ty::I64));
        match self.rng.below(5) {
            0 => format!("(array.new_default $s{object} {})", self.length()),
            1 => format!("(array.new $s{object} {} {})", self.stored(field, depth), self.length()),
            2 if is_any => {
                format!("(array.new_elem $s{object} $m{module}_any {} {})", self.small(), self.small())
            }
            2 if is_number && field != Field::F64 => {
                let at = self.rng.below(DATA / 4);
                format!("(array.new_data $s{object} $m{module}_data (i32.const {at}) {})", self.small())
            }
            _ => {
                let count = self.rng.below(7);
                let items: String = (0..count).map(|_| self.stored(field, depth)).collect();
                format!("(array.new_fixed $s{object} {count} {items})")
            }
        }
    }

    /// A value for a field.
    fn stored(&mut self, field: Field, depth: usize) -> String {
        match field {
            Field::I8 | Field::I16 => self.value(Ty::I32, depth),
            Field::F64 => format!("(f64.const {})", self.rng.below(1000)),
            Field::V128 => format!("(i64x2.splat {})", self.value(Ty::I64, depth)),
            Field::Value(ty) => self.value(ty, depth),
        }
    }

    /// What is in a field, or an element.
    fn read(&mut self, (object, field): (usize, usize), depth: usize) -> String {
        let ty = &self.plan.types.objects[object];
        let (is_array, kind) = (ty.is_array, ty.fields[field].0);
        let signed = if matches!(kind, Field::I8 | Field::I16) { *self.rng.pick(&["_s", "_u"]) } else { "" };
        let of = self.object(object, depth);
        if is_array {
            format!("(array.get{signed} $s{object} {of} {})", self.small())
        } else {
            format!("(struct.get{signed} $s{object} {field} {of})")
        }
    }

    fn call(&mut self, func: &Func, depth: usize) -> String {
        let args = self.values(&func.params, depth);
        format!("(call {} {args})", func.name)
    }

    /// A call of a function with these results, if there is one.
    fn call_of(&mut self, results: &[Ty], depth: usize) -> Option<String> {
        let modules: Vec<_> = self.plan.callable(self.module).collect();
        let funcs =
            modules.into_iter().flat_map(|module| &self.plan.funcs[module]).chain(&self.plan.hosts[self.module]);
        let funcs: Vec<_> = funcs.filter(|func| func.results == results).cloned().collect();
        (!funcs.is_empty()).then(|| {
            let func = self.rng.pick(&funcs).clone();
            self.call(&func, depth)
        })
    }

    /// A call of a function by reference, or by its place in a table: its result is of type [`Ty::Any`], or of an object.
    fn call_by_reference(&mut self, depth: usize) -> String {
        let args = self.values(&[Ty::Any, Ty::I32], depth);
        match self.rng.below(3) {
            0 => {
                let ty = self.rng.pick(&["$fn", "$fn", "$fn2", "$fn3"]);
                format!("(call_indirect $funcs (type {ty}) {args} (i32.const {}))", self.rng.below(FUNCS))
            }
            1 => {
                let ty = self.rng.pick(&["$fn", "$fn2", "$fn3"]);
                let func = self.value(Ty::Func, depth);
                format!("(call_ref {ty} {args} (ref.cast (ref null {ty}) {func}))")
            }
            _ => format!("(call_ref $fn {args} {})", self.value(Ty::Func, depth)),
        }
    }

    /// A value.
    fn value(&mut self, ty: Ty, depth: usize) -> String {
        self.budget -= 1;
        if depth == 0 || self.budget < 0 {
            return self.leaf(ty);
        }
        let depth = depth - 1;
        match self.rng.below(24) {
            0..4 => return self.leaf(ty),
            4 => return self.caught(ty, depth),
            5 | 6 => {
                if let Some(call) = self.call_of(&[ty], depth) {
                    return call;
                }
            }
            7 => {
                let (a, b, condition) = (self.value(ty, depth), self.value(ty, depth), self.value(Ty::I32, depth));
                let ty = self.plan.types.text(ty);
                return format!("(select (result {ty}) {a} {b} {condition})");
            }
            8 => {
                let condition = self.value(Ty::I32, depth);
                let (a, b) = (self.value(ty, depth), self.value(ty, depth));
                let ty = self.plan.types.text(ty);
                return format!("(if (result {ty}) {condition} (then {a}) (else {b}))");
            }
            9 => {
                let (body, value) = (self.statement(depth), self.value(ty, depth));
                return format!("(block (result {}) {body} {value})", self.plan.types.text(ty));
            }
            10..13 => {
                // A function that it is, or less.
                if let Some(field) = self.field_of(|field, _| field == Field::Value(ty)) {
                    return self.read(field, depth);
                }
            }
            13 if matches!(ty, Ty::Any | Ty::Object(_)) => {
                let is_null = self.label();
                let (text, value) = (self.plan.types.text(ty), self.value(ty, depth));
                let other = self.value(ty, depth);
                return match self.rng.below(2) {
                    0 => format!("(block $b{is_null} (result {text}) (br_on_non_null $b{is_null} {value}) {other})"),
                    _ => format!(
                        "(block $a{is_null} (result {text}) (block $b{is_null} (br $a{is_null} (br_on_null $b{is_null} {value}))) {other})"
                    ),
                };
            }
            _ => {}
        }
        match ty {
            Ty::I32 => self.i32(depth),
            Ty::I64 => match self.rng.below(3) {
                0 => format!("(i64.extend_i32_s {})", self.value(Ty::I32, depth)),
                1 => match self.field_of(|field, _| field == Field::V128) {
                    Some(field) => format!("(i64x2.extract_lane 1 {})", self.read(field, depth)),
                    None => self.leaf(ty),
                },
                _ => format!("(i64.xor {} {})", self.value(ty, depth), self.value(ty, depth)),
            },
            Ty::Any => match self.rng.below(8) {
                0 => format!("(ref.i31 {})", self.value(Ty::I32, depth)),
                1 => format!("(any.convert_extern {})", self.value(Ty::Extern, depth)),
                2 => self.call_by_reference(depth),
                3 => format!("(table.get $tab (i32.const {}))", self.rng.below(TABLE)),
                4 => format!("(struct.new_default {})", self.rng.pick(&self.plan.others[self.module][..1]).clone()),
                _ => {
                    let object = self.plan.types.any_object(self.rng);
                    self.value(Ty::Object(object), depth)
                }
            },
            Ty::Extern => format!("(extern.convert_any {})", self.value(Ty::Any, depth)),
            Ty::Exn => self.thrown(depth),
            Ty::Func => match self.rng.below(3) {
                0 => format!("(ref.cast (ref null $fn) (table.get $funcs (i32.const {})))", self.rng.below(FUNCS)),
                _ => self.leaf(ty),
            },
            Ty::Object(object) => self.object_of(object, depth),
        }
    }

    fn object_of(&mut self, object: usize, depth: usize) -> String {
        match self.rng.below(8) {
            0 => {
                let (label, any) = (self.label(), self.value(Ty::Any, depth));
                let (new, null) = (self.new_object(object, depth), *self.rng.pick(&["null ", ""]));
                format!(
                    "(block $b{label} (result (ref null $s{object})) (br_on_cast $b{label} anyref (ref {null}$s{object}) {any}) drop {new})"
                )
            }
            1 => {
                let (label, any) = (self.label(), self.value(Ty::Any, depth));
                let (new, null) = (self.new_object(object, depth), *self.rng.pick(&["null ", ""]));
                format!(
                    "(block $a{label} (result (ref null $s{object})) (drop (block $b{label} (result anyref)
                        (br $a{label} (br_on_cast_fail $b{label} anyref (ref {null}$s{object}) {any})))) {new})"
                )
            }
            2 => {
                let sub = self.below(object);
                self.value(Ty::Object(sub), depth)
            }
            // It mostly traps.
            3 if self.rng.chance(20) => format!("(ref.cast (ref null $s{object}) {})", self.value(Ty::Any, depth)),
            4 => format!("(ref.cast (ref $s{object}) {})", self.object(object, depth)),
            _ => self.new_object(object, depth),
        }
    }

    fn i32(&mut self, depth: usize) -> String {
        match self.rng.below(10) {
            0 => format!("(i32.add {} {})", self.value(Ty::I32, depth), self.value(Ty::I32, depth)),
            1 => format!("(i32.lt_s {} {})", self.value(Ty::I32, depth), self.value(Ty::I32, depth)),
            2 => {
                let ty = *self.rng.pick(&[Ty::Any, Ty::Extern, Ty::Exn, Ty::Func, Ty::Object(0)]);
                format!("(ref.is_null {})", self.value(ty, depth))
            }
            3 => {
                let (a, b) = (self.plan.types.any_object(self.rng), self.plan.types.any_object(self.rng));
                format!("(ref.eq {} {})", self.value(Ty::Object(a), depth), self.value(Ty::Object(b), depth))
            }
            4 | 5 => {
                let (null, heap) = (*self.rng.pick(&["null ", ""]), self.heap_type());
                format!("(ref.test (ref {null}{heap}) {})", self.value(Ty::Any, depth))
            }
            6 => {
                let ty = *self.rng.pick(&["$fn", "$fn2", "$fn3", "nofunc", "func"]);
                format!("(ref.test (ref {ty}) (table.get $funcs (i32.const {})))", self.rng.below(FUNCS))
            }
            7 => {
                let (label, any, other) = (self.label(), self.value(Ty::Any, depth), self.leaf(Ty::I32));
                let get = *self.rng.pick(&["s", "u"]);
                format!(
                    "(block $a{label} (result i32) (i31.get_{get} (block $b{label} (result (ref i31))
                        (br_on_cast $b{label} anyref (ref i31) {any}) drop (br $a{label} {other}))))"
                )
            }
            8 => match self.field_of(|field, _| matches!(field, Field::I8 | Field::I16)) {
                Some(field) => self.read(field, depth),
                None => self.leaf(Ty::I32),
            },
            _ => {
                let arrays =
                    (0..self.plan.types.objects.len()).filter(|&object| self.plan.types.objects[object].is_array);
                let arrays: Vec<_> = arrays.collect();
                if arrays.is_empty() {
                    return self.leaf(Ty::I32);
                }
                let array = *self.rng.pick(&arrays);
                format!("(array.len {})", self.object(array, depth))
            }
        }
    }

    fn leaf(&mut self, ty: Ty) -> String {
        let globals: Vec<_> = self.plan.globals.iter().filter(|global| global.1 == ty).collect();
        if !globals.is_empty() && self.rng.chance(20) {
            return format!("(global.get {})", self.rng.pick(&globals).0);
        }
        let own = self.plan.funcs[self.module].iter().filter(|func| func.ty.is_some()).map(|func| &*func.name);
        match ty {
            Ty::Func if self.rng.chance(70) => {
                let own: Vec<_> = own.collect();
                format!("(ref.func {})", self.rng.pick(&own))
            }
            Ty::I32 | Ty::I64 if self.rng.chance(30) => self.plan.types.constant(self.rng, ty),
            Ty::Object(object) if self.rng.chance(25) => {
                let object = self.below(object);
                let of = &self.plan.types.objects[object];
                if of.is_array {
                    format!("(array.new_default $s{object} {})", self.length())
                } else {
                    format!("(struct.new_default $s{object})")
                }
            }
            _ => format!("(local.get $l{})", self.local(ty)),
        }
    }

    /// A reference to an exception.
    fn thrown(&mut self, depth: usize) -> String {
        let (label, tag) = (self.label(), self.tag());
        let values = self.values(&tag.params, depth);
        format!(
            "(block $b{label} (result exnref) (try_table (catch_all_ref $b{label}) (throw {} {values})) unreachable)",
            tag.name
        )
    }

    /// A value, or what a handler makes of an exception.
    fn caught(&mut self, ty: Ty, depth: usize) -> String {
        let (label, tag, text) = (self.label(), self.tag(), self.plan.types.text(ty));
        let reference = self.rng.chance(50);
        let by_tag = self.rng.chance(70);
        // Mostly what is thrown is caught here, or values would seldom arrive anywhere.
        let thrown = if by_tag && self.rng.chance(60) { self.throw_of(&tag, depth) } else { self.throw(depth) };
        let mut types = if by_tag { tag.params } else { Vec::new() };
        types.extend(reference.then_some(Ty::Exn));
        let mut clause = String::from(if by_tag { "(catch" } else { "(catch_all" });
        clause.push_str(if reference { "_ref " } else { " " });
        if by_tag {
            clause.push_str(&tag.name);
        }
        write!(clause, " $b{label})").unwrap();
        // Another clause before it, of a tag that takes nothing, or behind it.
        if let Some(&open) = self.open.last()
            && self.rng.chance(40)
        {
            let other = format!("(catch $m{}_t3 $x{open})", self.module);
            clause = if self.rng.chance(50) { format!("{other} {clause}") } else { format!("{clause} {other}") };
        }
        let body = self.statement(depth) + &thrown + &self.value(ty, depth);
        let results: String = types.iter().map(|&ty| format!(" {}", self.plan.types.text(ty))).collect();
        let mut handler = String::new();
        for &ty in types.iter().rev() {
            let local = self.local(ty);
            write!(handler, "(local.set $l{local})").unwrap();
        }
        handler.push_str(&self.statement(depth));
        handler.push_str(&self.value(ty, depth));
        format!(
            "(block $a{label} (result {text}) (block $b{label} (result{results})
                (br $a{label} (try_table (result {text}) {clause} {body}))) {handler})"
        )
    }

    /// Mostly throws nothing.
    fn throw(&mut self, depth: usize) -> String {
        let condition = self.value(Ty::I32, depth.min(1));
        if self.rng.chance(25) {
            let exception = self.leaf(Ty::Exn);
            return format!("(if (i32.and (i32.const 1) {condition}) (then (throw_ref {exception})))");
        }
        let tag = self.tag();
        let values = self.values(&tag.params, depth.min(2));
        format!("(if (i32.and (i32.const 3) {condition}) (then (throw {} {values})))", tag.name)
    }

    /// Throws an exception of a tag, as often as not.
    fn throw_of(&mut self, tag: &Tag, depth: usize) -> String {
        let condition = self.value(Ty::I32, depth.min(1));
        let values = self.values(&tag.params, depth.min(2));
        format!("(if (i32.and (i32.const 1) {condition}) (then (throw {} {values})))", tag.name)
    }

    /// A statement.
    fn statement(&mut self, depth: usize) -> String {
        self.budget -= 2;
        if depth == 0 || self.budget < 0 {
            let local = self.rng.below(self.locals.len());
            return format!("(local.set $l{local} {})\n", self.leaf(self.locals[local]));
        }
        let depth = depth - 1;
        let statement = match self.rng.below(18) {
            0 | 1 => {
                let field = self.field_of(|_, mutable| mutable).expect("the first type has such a field");
                self.write(field, depth)
            }
            2 => {
                let (name, ty) = self.rng.pick(&self.plan.globals).clone();
                format!("(global.set {name} {})", self.value(ty, depth))
            }
            3 => {
                let value = self.value(Ty::Any, depth);
                let at = self.rng.below(TABLE);
                match self.rng.below(4) {
                    0 => format!("(table.fill $tab (i32.const {}) {value} (i32.const 2))", at.min(TABLE - 2)),
                    1 => format!(
                        "(table.init $tab $m{}_any (i32.const {}) (i32.const 1) (i32.const 2))",
                        self.module,
                        at.min(TABLE - 2)
                    ),
                    _ => format!("(table.set $tab (i32.const {at}) {value})"),
                }
            }
            4 | 5 => self.throw(depth),
            6 => {
                let (condition, then, other) =
                    (self.value(Ty::I32, depth), self.statement(depth), self.statement(depth));
                format!("(if {condition} (then {then}) (else {other}))")
            }
            7 if self.counters < 3 => {
                let (label, counter) = (self.label(), self.counters);
                self.counters += 1;
                let times = self.rng.between(1, 4);
                let body = self.statement(depth) + &self.statement(depth);
                format!(
                    "(local.set $c{counter} (i32.const {times})) (loop $b{label} {body}
                        (br_if $b{label} (local.tee $c{counter} (i32.sub (local.get $c{counter}) (i32.const 1)))))"
                )
            }
            8 => {
                let label = self.label();
                self.open.push(label);
                let body = self.statement(depth) + &self.statement(depth);
                self.open.pop();
                format!("(block $x{label} {body})")
            }
            9 if !self.open.is_empty() => {
                let label = *self.rng.pick(&self.open);
                format!("(br_if $x{label} {})", self.value(Ty::I32, depth))
            }
            10 => {
                // Its clauses lead to labels that take nothing.
                let label = self.label();
                self.open.push(label);
                let body = self.statement(depth) + &self.throw(depth) + &self.statement(depth);
                let tag = format!("$m{}_t3", if self.rng.chance(50) { 0 } else { self.module });
                let to = *self.rng.pick(&self.open);
                self.open.pop();
                let first = format!("(catch {tag} $x{to})");
                let second = if self.rng.chance(60) { format!("(catch_all $x{label})") } else { String::new() };
                format!("(block $x{label} (try_table {first} {second} {body}))")
            }
            11 => match self.call_of(&[], depth) {
                Some(call) => call,
                None => self.statement(depth),
            },
            12 => {
                let host = self.rng.pick(&self.plan.hosts[self.module]).clone();
                let call = self.call(&host, depth);
                host.results.iter().fold(call, |call, _| format!("{call} drop"))
            }
            13 => {
                let results = self.results.clone();
                let (condition, values) = (self.value(Ty::I32, depth), self.values(&results, depth));
                format!("(if {condition} (then (return {values})))")
            }
            _ => {
                let local = self.rng.below(self.locals.len());
                format!("(local.set $l{local} {})", self.value(self.locals[local], depth))
            }
        };
        statement + "\n"
    }

    /// Writes to a field, or to elements of arrays of the type.
    fn write(&mut self, (object, field): (usize, usize), depth: usize) -> String {
        let ty = &self.plan.types.objects[object];
        let (is_array, kind) = (ty.is_array, ty.fields[field].0);
        let (of, module) = (self.object(object, depth), self.module);
        if !is_array {
            return format!("(struct.set $s{object} {field} {of} {})", self.stored(kind, depth));
        }
        match self.rng.below(5) {
            0 => {
                let (value, at) = (self.stored(kind, depth), self.small());
                format!("(array.fill $s{object} {of} {at} {value} {})", self.small())
            }
            1 => {
                // Which trap comes first, is the engine's choice.
                let (of, from, at) = (self.not_null(object, depth), self.not_null(object, depth), self.small());
                let (from_at, len) = (self.small(), self.small());
                format!("(array.copy $s{object} $s{object} {of} {at} {from} {from_at} {len})")
            }
            2 if kind == Field::Value(Ty::Any) => {
                let (at, from) = (self.small(), self.small());
                format!("(array.init_elem $s{object} $m{module}_any {of} {at} {from} {})", self.small())
            }
            2 if matches!(kind, Field::I8 | Field::I16 | Field::Value(Ty::I32 | Ty::I64)) => {
                let (at, from) = (self.small(), self.small());
                format!("(array.init_data $s{object} $m{module}_data {of} {at} {from} {})", self.small())
            }
            _ => format!("(array.set $s{object} {of} {} {})", self.small(), self.stored(kind, depth)),
        }
    }
}
