;; A hash map of structs: an array of chains that doubles when there are more entries than places. $n operations with pseudo-random keys
;; below 8192: one of four removes an entry, the others add to its value and make it if there is none. Gives a sum over what is left.
(module
  (rec
    (type $entry (struct (field $key i32) (field $value (mut i32)) (field $next (mut (ref null $entry)))))
    (type $places (array (mut (ref null $entry))))
    (type $map (struct (field $places (mut (ref $places))) (field $count (mut i32)))))

  (func $place (param $map (ref $map)) (param $key i32) (result i32)
    (local $hash i32)
    (local.set $hash (i32.mul (local.get $key) (i32.const 0x9E3779B1)))
    (i32.and
      (i32.xor (local.get $hash) (i32.shr_u (local.get $hash) (i32.const 15)))
      (i32.sub (array.len (struct.get $map $places (local.get $map))) (i32.const 1))))

  ;; The entry of a key, or null.
  (func $find (param $map (ref $map)) (param $key i32) (result (ref null $entry))
    (local $entry (ref null $entry))
    (local.set $entry
      (array.get $places
        (struct.get $map $places (local.get $map))
        (call $place (local.get $map) (local.get $key))))
    (block $end
      (loop $on
        (br_if $end (ref.is_null (local.get $entry)))
        (br_if $end (i32.eq (struct.get $entry $key (local.get $entry)) (local.get $key)))
        (local.set $entry (struct.get $entry $next (local.get $entry)))
        (br $on)))
    (local.get $entry))

  ;; Puts an entry into its chain.
  (func $link (param $map (ref $map)) (param $entry (ref $entry))
    (local $places (ref $places)) (local $at i32)
    (local.set $places (struct.get $map $places (local.get $map)))
    (local.set $at (call $place (local.get $map) (struct.get $entry $key (local.get $entry))))
    (struct.set $entry $next (local.get $entry) (array.get $places (local.get $places) (local.get $at)))
    (array.set $places (local.get $places) (local.get $at) (local.get $entry)))

  (func $double (param $map (ref $map))
    (local $old (ref $places)) (local $i i32) (local $entry (ref null $entry)) (local $next (ref null $entry))
    (local.set $old (struct.get $map $places (local.get $map)))
    (struct.set $map $places (local.get $map)
      (array.new_default $places (i32.shl (array.len (local.get $old)) (i32.const 1))))
    (loop $chain
      (local.set $entry (array.get $places (local.get $old) (local.get $i)))
      (block $end
        (loop $on
          (br_if $end (ref.is_null (local.get $entry)))
          (local.set $next (struct.get $entry $next (local.get $entry)))
          (call $link (local.get $map) (ref.as_non_null (local.get $entry)))
          (local.set $entry (local.get $next))
          (br $on)))
      (br_if $chain
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $old))))))

  (func $add (param $map (ref $map)) (param $key i32) (param $value i32)
    (local $entry (ref null $entry))
    (local.set $entry (call $find (local.get $map) (local.get $key)))
    (if (i32.eqz (ref.is_null (local.get $entry)))
      (then
        (struct.set $entry $value (local.get $entry)
          (i32.add (struct.get $entry $value (local.get $entry)) (local.get $value)))
        (return)))
    (if (i32.ge_u
          (struct.get $map $count (local.get $map))
          (array.len (struct.get $map $places (local.get $map))))
      (then (call $double (local.get $map))))
    (struct.set $map $count (local.get $map) (i32.add (struct.get $map $count (local.get $map)) (i32.const 1)))
    (call $link (local.get $map) (struct.new $entry (local.get $key) (local.get $value) (ref.null $entry))))

  (func $remove (param $map (ref $map)) (param $key i32)
    (local $at i32) (local $entry (ref null $entry)) (local $before (ref null $entry))
    (local.set $at (call $place (local.get $map) (local.get $key)))
    (local.set $entry (array.get $places (struct.get $map $places (local.get $map)) (local.get $at)))
    (block $end
      (loop $on
        (br_if $end (ref.is_null (local.get $entry)))
        (if (i32.ne (struct.get $entry $key (local.get $entry)) (local.get $key))
          (then
            (local.set $before (local.get $entry))
            (local.set $entry (struct.get $entry $next (local.get $entry)))
            (br $on)))
        (struct.set $map $count (local.get $map)
          (i32.sub (struct.get $map $count (local.get $map)) (i32.const 1)))
        (if (ref.is_null (local.get $before))
          (then
            (array.set $places (struct.get $map $places (local.get $map)) (local.get $at)
              (struct.get $entry $next (local.get $entry))))
          (else
            (struct.set $entry $next (local.get $before) (struct.get $entry $next (local.get $entry))))))))

  (func (export "run") (param $n i32) (result i64)
    (local $map (ref $map)) (local $i i32) (local $seed i32) (local $key i32)
    (local $sum i64) (local $entry (ref null $entry))
    (local.set $map (struct.new $map (array.new_default $places (i32.const 16)) (i32.const 0)))
    (local.set $seed (i32.const 42))
    (loop $next
      (local.set $seed
        (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
      (local.set $key (i32.and (i32.shr_u (local.get $seed) (i32.const 8)) (i32.const 8191)))
      (if (i32.lt_u (local.get $seed) (i32.const 0x40000000))
        (then (call $remove (local.get $map) (local.get $key)))
        (else (call $add (local.get $map) (local.get $key) (local.get $i))))
      (br_if $next
        (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $key (i32.const 0))
    (loop $keys
      (local.set $entry (call $find (local.get $map) (local.get $key)))
      (if (i32.eqz (ref.is_null (local.get $entry)))
        (then
          (local.set $sum
            (i64.add
              (i64.mul (local.get $sum) (i64.const 31))
              (i64.extend_i32_s (struct.get $entry $value (local.get $entry)))))))
      (br_if $keys
        (i32.lt_s (local.tee $key (i32.add (local.get $key) (i32.const 1))) (i32.const 8192))))
    (i64.add (local.get $sum) (i64.extend_i32_u (struct.get $map $count (local.get $map))))))
