;; The first arm of an `if` with which the function ends returns at once: with one result, none and several, with what it
;; left in accumulators and slots, and not if the arms may be a selection, or something is left to do behind the `if`.
(module
  (memory 1)
  (global $log (mut i32) (i32.const 0))

  (func $id (param i32) (result i32) (local.get 0))

  (func (export "one") (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
      (then (i32.add (local.get 0) (i32.const 10)))
      (else (i32.mul (call $id (local.get 0)) (i32.const 3)))))

  (func (export "selection") (param i32 i32) (result i32)
    (if (result i32) (local.get 0) (then (local.get 1)) (else (i32.sub (i32.const 0) (local.get 1)))))

  (func (export "none") (param i32)
    (if (local.get 0)
      (then (global.set $log (i32.const 1)))
      (else (i32.store (i32.const 0) (i32.const 7)) (global.set $log (i32.load (i32.const 0))))))
  (func (export "log") (result i32) (global.get $log))

  (func (export "several") (param i32) (result i32 f64 i64)
    (if (result i32 f64 i64) (local.get 0)
      (then (i32.const 1) (f64.const 2.5) (i64.const 3))
      (else (call $id (i32.const 4)) (f64.const 5.5) (i64.const 6))))

  ;; Something follows: the arm must not return.
  (func (export "not the last") (param i32) (result i32)
    (i32.add (i32.const 100)
      (if (result i32) (local.get 0) (then (i32.const 1)) (else (call $id (i32.const 2))))))
  (func (export "not the outermost") (param i32) (result i32)
    (block (result i32)
      (if (result i32) (local.get 0) (then (i32.const 1)) (else (call $id (i32.const 2))))
      (i32.add (i32.const 100))))
  (func (export "a loop around it") (param i32) (result i32) (local i32)
    (loop (result i32)
      (local.set 1 (i32.add (local.get 1) (i32.const 5)))
      (if (result i32) (i32.eqz (local.get 0))
        (then (local.get 1))
        (else
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (br 1)))))

  ;; The other arm leaves by a branch, or holds blocks with ends of their own.
  (func (export "a branch") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.const 1))
      (else
        (block (result i32)
          (br_if 1 (i32.const 20) (i32.eqz (call $id (i32.const 0))))
          (drop)
          (i32.const 3)))))
  ;; A constant whose byte is that of `end`.
  (func (export "eleven") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (call $id (i32.const 1))) (else (drop (call $id (i32.const 0))) (i32.const 11)))))

(assert_return (invoke "one" (i32.const 1)) (i32.const 11))
(assert_return (invoke "one" (i32.const 2)) (i32.const 6))
(assert_return (invoke "selection" (i32.const 1) (i32.const 8)) (i32.const 8))
(assert_return (invoke "selection" (i32.const 0) (i32.const 8)) (i32.const -8))
(assert_return (invoke "none" (i32.const 1)))
(assert_return (invoke "log") (i32.const 1))
(assert_return (invoke "none" (i32.const 0)))
(assert_return (invoke "log") (i32.const 7))
(assert_return (invoke "several" (i32.const 1)) (i32.const 1) (f64.const 2.5) (i64.const 3))
(assert_return (invoke "several" (i32.const 0)) (i32.const 4) (f64.const 5.5) (i64.const 6))
(assert_return (invoke "not the last" (i32.const 1)) (i32.const 101))
(assert_return (invoke "not the last" (i32.const 0)) (i32.const 102))
(assert_return (invoke "not the outermost" (i32.const 1)) (i32.const 101))
(assert_return (invoke "not the outermost" (i32.const 0)) (i32.const 102))
(assert_return (invoke "a loop around it" (i32.const 0)) (i32.const 5))
(assert_return (invoke "a loop around it" (i32.const 3)) (i32.const 20))
(assert_return (invoke "a branch" (i32.const 1)) (i32.const 1))
(assert_return (invoke "a branch" (i32.const 0)) (i32.const 20))
(assert_return (invoke "eleven" (i32.const 1)) (i32.const 1))
(assert_return (invoke "eleven" (i32.const 0)) (i32.const 11))
