;; Counts a parameter down to 0.
(module
  (func (export "run") (param $n i32) (result i64)
    (loop $next
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_u (local.get $n))))
