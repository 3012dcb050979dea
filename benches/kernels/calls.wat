;; What a call costs: $n calls of the function `x + 1`, reached in several ways, and the same loop without a call; and a
;; function for the host to call. A function of another instance is called by `imported.wat`.
(module
  (type $op (func (param i32) (result i32)))
  (import "host" "inc" (func $host (type $op)))

  (table 1 funcref)
  (elem (i32.const 0) $local)

  (func $local (type $op) (i32.add (local.get 0) (i32.const 1)))

  (func (export "empty") (param $n i32) (result i64)
    (local $x i32)
    (loop $next
      ;; The mask changes nothing. Without, this would be a mere counter, which pirn repeats without a dispatch.
      (br_if $next
        (i32.and (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0x7fffffff))))
    (i64.extend_i32_s (local.get $x)))

  (func (export "local") (param $n i32) (result i64)
    (local $x i32)
    (loop $next
      (local.set $x (call $local (local.get $x)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_s (local.get $x)))

  (func (export "indirect") (param $n i32) (result i64)
    (local $x i32)
    (loop $next
      (local.set $x (call_indirect (type $op) (local.get $x) (i32.const 0)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_s (local.get $x)))

  (func (export "host") (param $n i32) (result i64)
    (local $x i32)
    (loop $next
      (local.set $x (call $host (local.get $x)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_s (local.get $x)))

  (func (export "entry") (param $x i32) (result i64)
    (i64.extend_i32_s (i32.add (local.get $x) (i32.const 1)))))
