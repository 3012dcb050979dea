;; Counts in a global.
(module
  (global $count (mut i32) (i32.const 0))

  (func (export "run") (param $n i32) (result i64)
    (global.set $count (i32.const 0))
    (loop $next
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (br_if $next (i32.lt_u (global.get $count) (local.get $n))))
    (i64.extend_i32_u (global.get $count))))
