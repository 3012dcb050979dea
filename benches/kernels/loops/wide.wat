;; Counts an i64 down in a local.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $i i64)
    (local.set $i (i64.extend_i32_u (local.get $n)))
    (loop $next
      (local.set $i (i64.sub (local.get $i) (i64.const 1)))
      (br_if $next (i64.ne (local.get $i) (i64.const 0))))
    (local.get $i)))
