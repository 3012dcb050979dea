;; The instructions for exceptions before `try_table`: what the scripts of the proposal as it was then check, and more.

(module
  (tag $e0 (export "e0"))
  (func (export "throw") (throw $e0)))

(register "test")

(module
  (tag $imported-e0 (import "test" "e0"))
  (func $imported-throw (import "test" "throw"))
  (tag $e0)
  (tag $e1)
  (tag $e2)
  (tag $e-i32 (param i32))
  (tag $e-f32 (param f32))
  (tag $e-i64 (param i64))
  (tag $e-f64 (param f64))
  (tag $e-many (param i32 f64 v128 i64))

  (func $throw-if (param i32) (result i32)
    (local.get 0)
    (i32.const 0) (if (i32.ne) (then (throw $e0)))
    (i32.const 0))

  (func (export "empty-catch") try catch $e0 end)

  (func (export "simple-throw-catch") (param i32) (result i32)
    try (result i32)
      (i32.eqz (local.get 0))
      if (throw $e0) end
      i32.const 42
    catch $e0
      i32.const 23
    end)

  (func (export "unreachable-not-caught") try unreachable catch_all end)

  (func $div (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
  (func (export "trap-in-callee") (param i32 i32) (result i32)
    try (result i32)
      local.get 0 local.get 1 call $div
    catch_all
      i32.const 11
    end)

  (func (export "catch-complex-1") (param i32) (result i32)
    try (result i32)
      try (result i32)
        local.get 0
        i32.eqz
        if
          throw $e0
        else
          local.get 0
          i32.const 1
          i32.eq
          if throw $e1 else throw $e2 end
        end
        i32.const 2
      catch $e0
        i32.const 3
      end
    catch $e1
      i32.const 4
    end)

  (func (export "catch-complex-2") (param i32) (result i32)
    try (result i32)
      local.get 0
      i32.eqz
      if
        throw $e0
      else
        local.get 0
        i32.const 1
        i32.eq
        if throw $e1 else throw $e2 end
      end
      i32.const 2
    catch $e0
      i32.const 3
    catch $e1
      i32.const 4
    end)

  (func (export "throw-catch-param-i32") (param i32) (result i32)
    try (result i32)
      local.get 0 throw $e-i32
      i32.const 2
    catch $e-i32
      return
    end)

  (func (export "throw-catch-param-f32") (param f32) (result f32)
    try (result f32)
      local.get 0 throw $e-f32
      f32.const 0
    catch $e-f32
      return
    end)

  (func (export "throw-catch-param-i64") (param i64) (result i64)
    try (result i64)
      local.get 0 throw $e-i64
    catch $e-i64
    end)

  (func (export "throw-catch-param-f64") (param f64) (result f64)
    try (result f64)
      local.get 0 throw $e-f64
    catch $e-f64
    end)

  (func (export "throw-catch-many") (param i32 f64 v128 i64) (result i32 f64 v128 i64)
    i32.const 77
    try (result i32 f64 v128 i64)
      local.get 0 local.get 1 local.get 2 local.get 3 throw $e-many
    catch $e-many
    end
    local.set 3 local.set 2 local.set 1
    i32.add
    local.get 1 local.get 2 local.get 3)

  (func $throw-param-i32 (param i32) (throw $e-i32 (local.get 0)))
  (func (export "catch-param-i32") (param i32) (result i32)
    try (result i32)
      i32.const 0
      local.get 0 call $throw-param-i32
    catch $e-i32
    end)

  (func (export "catch-imported") (result i32)
    try (result i32)
      i32.const 1
      call $imported-throw
    catch $imported-e0
      i32.const 2
    end)

  (func (export "own-tag-is-another") (result i32)
    try (result i32)
      try (result i32)
        i32.const 1
        call $imported-throw
      catch $e0
        i32.const 2
      end
    catch_all
      i32.const 3
    end)

  (func (export "catchless-try") (param i32) (result i32)
    try (result i32)
      try (result i32)
        local.get 0 call $throw-if
      end
    catch $e0
      i32.const 1
    end)

  (func $return-i32 (result i32) i32.const 42)
  (func (export "return-call-in-try") (result i32)
    try (result i32)
      return_call $return-i32
    catch_all
      i32.const 0
    end)
  (func $throws (result i32) throw $e0)
  (func $tail-throws (result i32)
    try (result i32)
      return_call $throws
    catch_all
      i32.const 1
    end)
  (func (export "tail-calls-leave") (result i32)
    try (result i32)
      call $tail-throws
    catch $e0
      i32.const 2
    end)

  (func (export "try-with-param") (result i32)
    i32.const 5
    try (param i32) (result i32)
      i32.const 1
      i32.add
    catch $e0
      i32.const 9
    end)

  (func (export "break-try-catch") try br 0 catch $e0 end)
  (func (export "break-try-catch_all") try br 0 catch_all end)
  (func (export "break-out-of-catch") (result i32)
    (block (result i32)
      try
        throw $e0
      catch $e0
        i32.const 7
        br 1
      end
      i32.const 8))
  (func (export "break-of-catch") (param i32) (result i32)
    i32.const 100
    try (result i32)
      throw $e0
    catch $e0
      i32.const 3
      i32.const 4
      local.get 0
      br_if 0
      drop
    end
    i32.add)

  (func (export "catch-in-loop") (param i32) (result i32)
    (local i32)
    loop $next
      try
        local.get 0
        i32.const 1
        i32.and
        if local.get 0 throw $e-i32 end
        local.get 1
        i32.const 1000
        i32.add
        local.set 1
      catch $e-i32
        local.get 1
        i32.add
        local.set 1
      end
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if $next
    end
    local.get 1)

  (func (export "catch-to-loop") (param i32) (result i32)
    (local i32)
    loop $again
      try
        local.get 1
        i32.const 1
        i32.add
        local.tee 1
        local.get 0
        i32.lt_u
        if throw $e0 end
      catch_all
        br $again
      end
    end
    local.get 1)

  (func (export "throw-in-catch") (result i32)
    try (result i32)
      try (result i32)
        throw $e0
      catch $e0
        throw $e1
      catch $e1
        i32.const 1
      end
    catch $e1
      i32.const 2
    end)

  (func (export "try-in-catch") (result i32)
    try (result i32)
      i32.const 5 throw $e-i32
    catch $e-i32
      try (result i32)
        i32.const 6 throw $e-i32
      catch $e-i32
      end
      i32.const 10
      i32.mul
      i32.add
    end)

  (func (export "values-below") (param i32) (result i32)
    ;; Operands below the block wait in many forms.
    local.get 0
    i32.const 1
    local.get 0
    i32.const 3
    i32.mul
    try (result i32)
      i32.const 50
      local.set 0
      local.get 0 throw $e-i32
    catch $e-i32
    end
    i32.add
    i32.add
    i32.add)
)

(assert_return (invoke "empty-catch"))
(assert_return (invoke "simple-throw-catch" (i32.const 0)) (i32.const 23))
(assert_return (invoke "simple-throw-catch" (i32.const 1)) (i32.const 42))
(assert_trap (invoke "unreachable-not-caught") "unreachable")
(assert_return (invoke "trap-in-callee" (i32.const 7) (i32.const 2)) (i32.const 3))
(assert_trap (invoke "trap-in-callee" (i32.const 1) (i32.const 0)) "integer divide by zero")
(assert_return (invoke "catch-complex-1" (i32.const 0)) (i32.const 3))
(assert_return (invoke "catch-complex-1" (i32.const 1)) (i32.const 4))
(assert_exception (invoke "catch-complex-1" (i32.const 2)))
(assert_return (invoke "catch-complex-2" (i32.const 0)) (i32.const 3))
(assert_return (invoke "catch-complex-2" (i32.const 1)) (i32.const 4))
(assert_exception (invoke "catch-complex-2" (i32.const 2)))
(assert_return (invoke "throw-catch-param-i32" (i32.const 1)) (i32.const 1))
(assert_return (invoke "throw-catch-param-f32" (f32.const 10.5)) (f32.const 10.5))
(assert_return (invoke "throw-catch-param-i64" (i64.const 0x1_0000_0005)) (i64.const 0x1_0000_0005))
(assert_return (invoke "throw-catch-param-f64" (f64.const 10.25)) (f64.const 10.25))
(assert_return (invoke "throw-catch-many" (i32.const 1) (f64.const 2) (v128.const i64x2 3 4) (i64.const 5))
  (i32.const 78) (f64.const 2) (v128.const i64x2 3 4) (i64.const 5))
(assert_return (invoke "catch-param-i32" (i32.const 5)) (i32.const 5))
(assert_return (invoke "catch-imported") (i32.const 2))
(assert_return (invoke "own-tag-is-another") (i32.const 3))
(assert_return (invoke "catchless-try" (i32.const 0)) (i32.const 0))
(assert_return (invoke "catchless-try" (i32.const 1)) (i32.const 1))
(assert_return (invoke "return-call-in-try") (i32.const 42))
(assert_return (invoke "tail-calls-leave") (i32.const 2))
(assert_return (invoke "try-with-param") (i32.const 6))
(assert_return (invoke "break-try-catch"))
(assert_return (invoke "break-try-catch_all"))
(assert_return (invoke "break-out-of-catch") (i32.const 7))
(assert_return (invoke "break-of-catch" (i32.const 1)) (i32.const 104))
(assert_return (invoke "break-of-catch" (i32.const 0)) (i32.const 103))
(assert_return (invoke "catch-in-loop" (i32.const 5)) (i32.const 2009))
(assert_return (invoke "catch-to-loop" (i32.const 20)) (i32.const 20))
(assert_return (invoke "throw-in-catch") (i32.const 2))
(assert_return (invoke "try-in-catch") (i32.const 65))
(assert_return (invoke "values-below" (i32.const 7)) (i32.const 79))

;; `rethrow`.
(module
  (tag $e0)
  (tag $e1)
  (tag $e-i32 (param i32))

  (func (export "catch-rethrow-0") try throw $e0 catch $e0 rethrow 0 end)
  (func (export "catch-rethrow-1") (param i32) (result i32)
    try (result i32)
      throw $e0
    catch $e0
      (if (i32.eqz (local.get 0)) (then (rethrow 1)))
      i32.const 23
    end)
  (func (export "catchall-rethrow-0") try throw $e0 catch_all rethrow 0 end)
  (func (export "rethrow-nested") (param i32) (result i32)
    try (result i32)
      throw $e1
    catch $e1
      try (result i32)
        throw $e0
      catch $e0
        (if (i32.eq (local.get 0) (i32.const 0)) (then (rethrow 1)))
        (if (i32.eq (local.get 0) (i32.const 1)) (then (rethrow 2)))
        i32.const 23
      end
    end)
  (func (export "rethrow-recatch") (param i32) (result i32)
    try (result i32)
      throw $e0
    catch $e0
      try (result i32)
        (if (i32.eqz (local.get 0)) (then (rethrow 2)))
        i32.const 42
      catch $e0
        i32.const 23
      end
    end)
  (func (export "rethrow-keeps-values") (param i32) (result i32)
    try (result i32)
      try (result i32)
        local.get 0 throw $e-i32
      catch $e-i32
        drop
        rethrow 0
      end
    catch $e-i32
    end)
  (func (export "rethrow-below-values") (param i32) (result i32)
    (local i32)
    try (result i32)
      try (result i32)
        local.get 0 throw $e-i32
      catch $e-i32
        i32.const 1
        i32.const 2
        (local.set 1 (i32.add))
        i32.const 5
        i32.const 6
        try
          throw $e0
        catch_all
          rethrow 1
        end
        i32.add
        i32.add
      end
    catch $e-i32
      local.get 1
      i32.add
    end)
)

(assert_exception (invoke "catch-rethrow-0"))
(assert_exception (invoke "catch-rethrow-1" (i32.const 0)))
(assert_return (invoke "catch-rethrow-1" (i32.const 1)) (i32.const 23))
(assert_exception (invoke "catchall-rethrow-0"))
(assert_exception (invoke "rethrow-nested" (i32.const 0)))
(assert_exception (invoke "rethrow-nested" (i32.const 1)))
(assert_return (invoke "rethrow-nested" (i32.const 2)) (i32.const 23))
(assert_return (invoke "rethrow-recatch" (i32.const 0)) (i32.const 23))
(assert_return (invoke "rethrow-recatch" (i32.const 1)) (i32.const 42))
(assert_return (invoke "rethrow-keeps-values" (i32.const 9)) (i32.const 9))
(assert_return (invoke "rethrow-below-values" (i32.const 9)) (i32.const 12))

;; `delegate`.
(module
  (tag $e0)
  (tag $e1)

  (func (export "delegate-no-throw") (result i32)
    try $t (result i32)
      try (result i32) (i32.const 1) delegate $t
    catch $e0 (i32.const 2)
    end)
  (func $throw-if (param i32) (if (local.get 0) (then (throw $e0))))
  (func (export "delegate-throw") (param i32) (result i32)
    try $t (result i32)
      try (result i32)
        local.get 0
        call $throw-if
        i32.const 1
      delegate $t
    catch $e0
      i32.const 2
    end)
  (func (export "delegate-skip") (result i32)
    try $t (result i32)
      try (result i32)
        try (result i32)
          throw $e0
          i32.const 1
        delegate $t
      catch $e0
        i32.const 2
      end
    catch $e0
      i32.const 3
    end)
  (func (export "delegate-to-block") (result i32)
    try (result i32)
      block
        try
          throw $e0
        delegate 0
      end
      i32.const 0
    catch_all
      i32.const 1
    end)
  (func (export "delegate-to-catch") (result i32)
    try (result i32)
      try
        throw $e0
      catch $e0
        try
          throw $e0
        delegate 0
      end
      i32.const 0
    catch_all
      i32.const 1
    end)
  (func (export "delegate-to-caller-trivial") try throw $e0 delegate 0)
  (func (export "delegate-to-caller-skipping") try try throw $e0 delegate 1 catch_all end)
  (func $select-tag (param i32)
    block block block
      local.get 0
      br_table 0 1 2
    end return
    end throw $e0
    end throw $e1)
  (func (export "delegate-merge") (param i32 i32) (result i32)
    try $t (result i32)
      local.get 0
      call $select-tag
      try (result i32)
        local.get 1
        call $select-tag
        i32.const 1
      delegate $t
    catch $e0
      i32.const 2
    end)
  (func (export "delegate-throw-no-catch") (result i32)
    try (result i32)
      try (result i32) (throw $e0) (i32.const 1) delegate 0
    catch $e1 (i32.const 2)
    end)
  (func (export "return-call-in-try-delegate") (result i32)
    try $t (result i32)
      try
        call $tail-caller
      delegate $t
      i32.const 0
    catch $e0 (i32.const 1)
    end)
  (func $throw-void (throw $e0))
  (func $tail-caller
    try
      try
        return_call $throw-void
      delegate 0
    catch_all
    end)
)

(assert_return (invoke "delegate-no-throw") (i32.const 1))
(assert_return (invoke "delegate-throw" (i32.const 0)) (i32.const 1))
(assert_return (invoke "delegate-throw" (i32.const 1)) (i32.const 2))
(assert_exception (invoke "delegate-throw-no-catch"))
(assert_return (invoke "delegate-merge" (i32.const 1) (i32.const 0)) (i32.const 2))
(assert_exception (invoke "delegate-merge" (i32.const 2) (i32.const 0)))
(assert_return (invoke "delegate-merge" (i32.const 0) (i32.const 1)) (i32.const 2))
(assert_exception (invoke "delegate-merge" (i32.const 0) (i32.const 2)))
(assert_return (invoke "delegate-merge" (i32.const 0) (i32.const 0)) (i32.const 1))
(assert_return (invoke "delegate-skip") (i32.const 3))
(assert_return (invoke "delegate-to-block") (i32.const 1))
(assert_return (invoke "delegate-to-catch") (i32.const 1))
(assert_exception (invoke "delegate-to-caller-trivial"))
(assert_exception (invoke "delegate-to-caller-skipping"))
(assert_return (invoke "return-call-in-try-delegate") (i32.const 1))

;; What cannot be reached.
(module
  (tag $e0)
  (tag $e-i32 (param i32))
  (func (export "dead-try") (result i32)
    i32.const 1
    return
    try (result i32)
      try throw $e0 catch $e0 rethrow 0 catch_all end
      try try delegate 0 delegate 0
      i32.const 0
    catch $e-i32
    catch_all
      i32.const 2
    end)
  (func (export "dead-body") (result i32)
    try (result i32)
      throw $e0
      try throw $e0 delegate 0
      i32.const 0
    catch_all
      i32.const 3
    end)
  (func (export "dead-catch") (result i32)
    try (result i32)
      i32.const 4
    catch $e-i32
      br 0
      drop
      i32.const 0
    catch_all
      unreachable
      i32.const 2
    end)
  (func (export "dead-delegate") (result i32)
    try (result i32)
      try (result i32)
        i32.const 5
        br 1
        try nop delegate 0
        i32.const 0
      delegate 0
    catch_all
      i32.const 6
    end)
)
(assert_return (invoke "dead-try") (i32.const 1))
(assert_return (invoke "dead-body") (i32.const 3))
(assert_return (invoke "dead-catch") (i32.const 4))
(assert_return (invoke "dead-delegate") (i32.const 5))

(assert_invalid (module (tag $e0) (func (result i32) try (result i32) i64.const 42 catch $e0 i32.const 42 end)) "type mismatch")
(assert_invalid (module (func (rethrow 0))) "rethrow")
(assert_invalid (module (func (block (rethrow 0)))) "rethrow")
(assert_invalid (module (func try catch_all catch_all end)) "catch_all")
(assert_invalid (module (tag $e0) (func try catch_all catch $e0 end)) "catch_all")
(assert_invalid (module (func try delegate 1)) "unknown label")
