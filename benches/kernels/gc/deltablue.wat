;; DeltaBlue (Maloney, Freeman-Benson, Borning): an incremental solver of constraints between variables, which have strengths, from 0, what
;; is required, to 6. Two problems: a chain of $n equalities along which 100 values go, and $n pairs of variables of which one is a
;; scaled and moved copy of the other. Methods are called through tables of function references, and lists hold `eqref`, so that what
;; is taken out is cast: code as compilers of object-oriented languages make it. Traps where a value is wrong; gives a sum of values.
(module
  (rec
    (type $items (array (mut eqref)))
    (type $list (struct (field $items (mut (ref $items))) (field $len (mut i32))))
    (type $variable
      (struct
        (field $value (mut i32))
        (field $constraints (ref $list))
        (field $determined_by (mut (ref null $constraint)))
        (field $mark (mut i32))
        (field $strength (mut i32))
        (field $stay (mut i32))))
    (type $do (func (param (ref $constraint))))
    (type $do_mark (func (param (ref $constraint) i32)))
    (type $is (func (param (ref $constraint)) (result i32)))
    (type $is_mark (func (param (ref $constraint) i32) (result i32)))
    (type $which (func (param (ref $constraint)) (result (ref $variable))))
    (type $methods
      (struct
        (field $enter (ref $do))
        (field $leave (ref $do))
        (field $choose (ref $do_mark))
        (field $is_satisfied (ref $is))
        (field $unsatisfy (ref $do))
        (field $mark_inputs (ref $do_mark))
        (field $inputs_known (ref $is_mark))
        (field $output (ref $which))
        (field $recalculate (ref $do))
        (field $execute (ref $do))))
    (type $constraint (sub (struct (field $methods (ref $methods)) (field $strength i32))))
    ;; That a variable stays as it is, or that the program edits it.
    (type $unary
      (sub final $constraint
        (struct
          (field $methods (ref $methods))
          (field $strength i32)
          (field $output (ref $variable))
          (field $is_edit i32)
          (field $satisfied (mut i32)))))
    ;; Direction: 1 from $a to $b, -1 back, 0 if it is not satisfied.
    (type $binary
      (sub $constraint
        (struct
          (field $methods (ref $methods))
          (field $strength i32)
          (field $a (ref $variable))
          (field $b (ref $variable))
          (field $direction (mut i32)))))
    (type $scale
      (sub final $binary
        (struct
          (field $methods (ref $methods))
          (field $strength i32)
          (field $a (ref $variable))
          (field $b (ref $variable))
          (field $direction (mut i32))
          (field $factor (ref $variable))
          (field $offset (ref $variable))))))

  ;; Lists.

  (func $list (result (ref $list))
    (struct.new $list (array.new_default $items (i32.const 4)) (i32.const 0)))

  (func $push (param $list (ref $list)) (param $item eqref)
    (local $items (ref $items)) (local $new (ref $items)) (local $len i32)
    (local.set $items (struct.get $list $items (local.get $list)))
    (local.set $len (struct.get $list $len (local.get $list)))
    (if (i32.eq (local.get $len) (array.len (local.get $items)))
      (then
        (local.set $new (array.new_default $items (i32.shl (local.get $len) (i32.const 1))))
        (array.copy $items $items
          (local.get $new) (i32.const 0) (local.get $items) (i32.const 0) (local.get $len))
        (struct.set $list $items (local.get $list) (local.tee $items (local.get $new)))))
    (array.set $items (local.get $items) (local.get $len) (local.get $item))
    (struct.set $list $len (local.get $list) (i32.add (local.get $len) (i32.const 1))))

  (func $at (param $list (ref $list)) (param $index i32) (result eqref)
    (array.get $items (struct.get $list $items (local.get $list)) (local.get $index)))
  (func $constraint_at (param $list (ref $list)) (param $index i32) (result (ref $constraint))
    (ref.cast (ref $constraint) (call $at (local.get $list) (local.get $index))))
  (func $variable_at (param $list (ref $list)) (param $index i32) (result (ref $variable))
    (ref.cast (ref $variable) (call $at (local.get $list) (local.get $index))))

  (func $pop (param $list (ref $list)) (result eqref)
    (local $len i32)
    (local.set $len (i32.sub (struct.get $list $len (local.get $list)) (i32.const 1)))
    (struct.set $list $len (local.get $list) (local.get $len))
    (call $at (local.get $list) (local.get $len)))

  (func $remove (param $list (ref $list)) (param $item eqref)
    (local $items (ref $items)) (local $from i32) (local $to i32)
    (local.set $items (struct.get $list $items (local.get $list)))
    (block $end
      (loop $next
        (br_if $end (i32.ge_s (local.get $from) (struct.get $list $len (local.get $list))))
        (if (i32.eqz (ref.eq (array.get $items (local.get $items) (local.get $from)) (local.get $item)))
          (then
            (array.set $items (local.get $items) (local.get $to)
              (array.get $items (local.get $items) (local.get $from)))
            (local.set $to (i32.add (local.get $to) (i32.const 1)))))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br $next)))
    (struct.set $list $len (local.get $list) (local.get $to)))

  ;; Variables.

  (func $variable (param $value i32) (result (ref $variable))
    (struct.new $variable (local.get $value) (call $list) (ref.null $constraint) (i32.const 0) (i32.const 6) (i32.const 1)))

  (func $connect (param $variable (ref $variable)) (param $constraint (ref $constraint))
    (call $push (struct.get $variable $constraints (local.get $variable)) (local.get $constraint)))

  (func $disconnect (param $variable (ref $variable)) (param $constraint (ref $constraint))
    (call $remove (struct.get $variable $constraints (local.get $variable)) (local.get $constraint))
    (if (ref.eq (struct.get $variable $determined_by (local.get $variable)) (local.get $constraint))
      (then (struct.set $variable $determined_by (local.get $variable) (ref.null $constraint)))))

  ;; What all constraints can do.

  (func $enter (param $this (ref $constraint))
    (call_ref $do (local.get $this)
      (struct.get $methods $enter (struct.get $constraint $methods (local.get $this)))))
  (func $leave (param $this (ref $constraint))
    (call_ref $do (local.get $this)
      (struct.get $methods $leave (struct.get $constraint $methods (local.get $this)))))
  (func $choose (param $this (ref $constraint)) (param $mark i32)
    (call_ref $do_mark (local.get $this) (local.get $mark)
      (struct.get $methods $choose (struct.get $constraint $methods (local.get $this)))))
  (func $is_satisfied (param $this (ref $constraint)) (result i32)
    (call_ref $is (local.get $this)
      (struct.get $methods $is_satisfied (struct.get $constraint $methods (local.get $this)))))
  (func $unsatisfy (param $this (ref $constraint))
    (call_ref $do (local.get $this)
      (struct.get $methods $unsatisfy (struct.get $constraint $methods (local.get $this)))))
  (func $mark_inputs (param $this (ref $constraint)) (param $mark i32)
    (call_ref $do_mark (local.get $this) (local.get $mark)
      (struct.get $methods $mark_inputs (struct.get $constraint $methods (local.get $this)))))
  (func $inputs_known (param $this (ref $constraint)) (param $mark i32) (result i32)
    (call_ref $is_mark (local.get $this) (local.get $mark)
      (struct.get $methods $inputs_known (struct.get $constraint $methods (local.get $this)))))
  (func $output (param $this (ref $constraint)) (result (ref $variable))
    (call_ref $which (local.get $this)
      (struct.get $methods $output (struct.get $constraint $methods (local.get $this)))))
  (func $recalculate (param $this (ref $constraint))
    (call_ref $do (local.get $this)
      (struct.get $methods $recalculate (struct.get $constraint $methods (local.get $this)))))
  (func $execute (param $this (ref $constraint))
    (call_ref $do (local.get $this)
      (struct.get $methods $execute (struct.get $constraint $methods (local.get $this)))))

  ;; Constraints of one variable.

  (func $unary_enter (type $do) (param $this (ref $constraint))
    (call $connect (struct.get $unary $output (ref.cast (ref $unary) (local.get $this))) (local.get $this))
    (struct.set $unary $satisfied (ref.cast (ref $unary) (local.get $this)) (i32.const 0)))
  (func $unary_leave (type $do) (param $this (ref $constraint))
    (call $disconnect (struct.get $unary $output (ref.cast (ref $unary) (local.get $this))) (local.get $this))
    (struct.set $unary $satisfied (ref.cast (ref $unary) (local.get $this)) (i32.const 0)))
  (func $unary_choose (type $do_mark) (param $constraint (ref $constraint)) (param $mark i32)
    (local $this (ref $unary)) (local $output (ref $variable))
    (local.set $this (ref.cast (ref $unary) (local.get $constraint)))
    (local.set $output (struct.get $unary $output (local.get $this)))
    (struct.set $unary $satisfied (local.get $this)
      (i32.and
        (i32.ne (struct.get $variable $mark (local.get $output)) (local.get $mark))
        (i32.lt_s
          (struct.get $unary $strength (local.get $this))
          (struct.get $variable $strength (local.get $output))))))
  (func $unary_is_satisfied (type $is) (param $this (ref $constraint)) (result i32)
    (struct.get $unary $satisfied (ref.cast (ref $unary) (local.get $this))))
  (func $unary_unsatisfy (type $do) (param $this (ref $constraint))
    (struct.set $unary $satisfied (ref.cast (ref $unary) (local.get $this)) (i32.const 0)))
  (func $unary_mark_inputs (type $do_mark) (param $this (ref $constraint)) (param $mark i32))
  (func $unary_inputs_known (type $is_mark) (param $this (ref $constraint)) (param $mark i32) (result i32)
    (i32.const 1))
  (func $unary_output (type $which) (param $this (ref $constraint)) (result (ref $variable))
    (struct.get $unary $output (ref.cast (ref $unary) (local.get $this))))
  (func $unary_recalculate (type $do) (param $constraint (ref $constraint))
    (local $this (ref $unary)) (local $output (ref $variable))
    (local.set $this (ref.cast (ref $unary) (local.get $constraint)))
    (local.set $output (struct.get $unary $output (local.get $this)))
    (struct.set $variable $strength (local.get $output) (struct.get $unary $strength (local.get $this)))
    (struct.set $variable $stay (local.get $output)
      (i32.eqz (struct.get $unary $is_edit (local.get $this)))))
  (func $unary_execute (type $do) (param $this (ref $constraint)))

  (global $unary (ref $methods)
    (struct.new $methods
      (ref.func $unary_enter) (ref.func $unary_leave) (ref.func $unary_choose) (ref.func $unary_is_satisfied)
      (ref.func $unary_unsatisfy) (ref.func $unary_mark_inputs) (ref.func $unary_inputs_known)
      (ref.func $unary_output) (ref.func $unary_recalculate) (ref.func $unary_execute)))

  ;; Constraints of two variables.

  (func $binary_enter (type $do) (param $constraint (ref $constraint))
    (local $this (ref $binary))
    (local.set $this (ref.cast (ref $binary) (local.get $constraint)))
    (call $connect (struct.get $binary $a (local.get $this)) (local.get $this))
    (call $connect (struct.get $binary $b (local.get $this)) (local.get $this))
    (struct.set $binary $direction (local.get $this) (i32.const 0)))
  (func $binary_leave (type $do) (param $constraint (ref $constraint))
    (local $this (ref $binary))
    (local.set $this (ref.cast (ref $binary) (local.get $constraint)))
    (call $disconnect (struct.get $binary $a (local.get $this)) (local.get $this))
    (call $disconnect (struct.get $binary $b (local.get $this)) (local.get $this))
    (struct.set $binary $direction (local.get $this) (i32.const 0)))

  ;; The direction towards a variable, if that may be overridden.
  (func $towards (param $this (ref $binary)) (param $variable (ref $variable)) (param $direction i32) (result i32)
    (select (local.get $direction) (i32.const 0)
      (i32.lt_s
        (struct.get $binary $strength (local.get $this))
        (struct.get $variable $strength (local.get $variable)))))

  (func $binary_choose (type $do_mark) (param $constraint (ref $constraint)) (param $mark i32)
    (local $this (ref $binary)) (local $a (ref $variable)) (local $b (ref $variable)) (local $direction i32)
    (local.set $this (ref.cast (ref $binary) (local.get $constraint)))
    (local.set $a (struct.get $binary $a (local.get $this)))
    (local.set $b (struct.get $binary $b (local.get $this)))
    (block $chosen
      (if (i32.eq (struct.get $variable $mark (local.get $a)) (local.get $mark))
        (then
          (if (i32.ne (struct.get $variable $mark (local.get $b)) (local.get $mark))
            (then (local.set $direction (call $towards (local.get $this) (local.get $b) (i32.const 1)))))
          (br $chosen)))
      (if (i32.eq (struct.get $variable $mark (local.get $b)) (local.get $mark))
        (then
          (local.set $direction (call $towards (local.get $this) (local.get $a) (i32.const -1)))
          (br $chosen)))
      (if (i32.gt_s
            (struct.get $variable $strength (local.get $a))
            (struct.get $variable $strength (local.get $b)))
        (then (local.set $direction (call $towards (local.get $this) (local.get $a) (i32.const -1))))
        (else (local.set $direction (call $towards (local.get $this) (local.get $b) (i32.const 1))))))
    (struct.set $binary $direction (local.get $this) (local.get $direction)))
  (func $binary_is_satisfied (type $is) (param $this (ref $constraint)) (result i32)
    (i32.ne (struct.get $binary $direction (ref.cast (ref $binary) (local.get $this))) (i32.const 0)))
  (func $binary_unsatisfy (type $do) (param $this (ref $constraint))
    (struct.set $binary $direction (ref.cast (ref $binary) (local.get $this)) (i32.const 0)))
  (func $input (param $this (ref $binary)) (result (ref $variable))
    (if (i32.eq (struct.get $binary $direction (local.get $this)) (i32.const 1))
      (then (return (struct.get $binary $a (local.get $this)))))
    (struct.get $binary $b (local.get $this)))
  (func $binary_mark_inputs (type $do_mark) (param $this (ref $constraint)) (param $mark i32)
    (struct.set $variable $mark (call $input (ref.cast (ref $binary) (local.get $this))) (local.get $mark)))
  (func $binary_inputs_known (type $is_mark) (param $this (ref $constraint)) (param $mark i32) (result i32)
    (local $input (ref $variable))
    (local.set $input (call $input (ref.cast (ref $binary) (local.get $this))))
    (i32.or
      (i32.eq (struct.get $variable $mark (local.get $input)) (local.get $mark))
      (i32.or
        (struct.get $variable $stay (local.get $input))
        (ref.is_null (struct.get $variable $determined_by (local.get $input))))))
  (func $binary_output (type $which) (param $constraint (ref $constraint)) (result (ref $variable))
    (local $this (ref $binary))
    (local.set $this (ref.cast (ref $binary) (local.get $constraint)))
    (if (i32.eq (struct.get $binary $direction (local.get $this)) (i32.const 1))
      (then (return (struct.get $binary $b (local.get $this)))))
    (struct.get $binary $a (local.get $this)))

  ;; The strength and whether it stays, of the output; $stay says what else has to stay.
  (func $follow (param $this (ref $binary)) (param $stay i32)
    (local $input (ref $variable)) (local $output (ref $variable)) (local $a i32) (local $b i32)
    (local.set $input (call $input (local.get $this)))
    (local.set $output (call $binary_output (local.get $this)))
    (local.set $a (struct.get $binary $strength (local.get $this)))
    (local.set $b (struct.get $variable $strength (local.get $input)))
    (struct.set $variable $strength (local.get $output)
      (select (local.get $a) (local.get $b) (i32.gt_s (local.get $a) (local.get $b))))
    (local.set $stay (i32.and (local.get $stay) (struct.get $variable $stay (local.get $input))))
    (struct.set $variable $stay (local.get $output) (local.get $stay))
    (if (local.get $stay) (then (call $execute (local.get $this)))))

  (func $equal_recalculate (type $do) (param $this (ref $constraint))
    (call $follow (ref.cast (ref $binary) (local.get $this)) (i32.const 1)))
  (func $equal_execute (type $do) (param $this (ref $constraint))
    (struct.set $variable $value
      (call $binary_output (local.get $this))
      (struct.get $variable $value (call $input (ref.cast (ref $binary) (local.get $this))))))

  (global $equal (ref $methods)
    (struct.new $methods
      (ref.func $binary_enter) (ref.func $binary_leave) (ref.func $binary_choose) (ref.func $binary_is_satisfied)
      (ref.func $binary_unsatisfy) (ref.func $binary_mark_inputs) (ref.func $binary_inputs_known)
      (ref.func $binary_output) (ref.func $equal_recalculate) (ref.func $equal_execute)))

  ;; That $b is $a times a factor, plus an offset.

  (func $scale_enter (type $do) (param $this (ref $constraint))
    (call $binary_enter (local.get $this))
    (call $connect (struct.get $scale $factor (ref.cast (ref $scale) (local.get $this))) (local.get $this))
    (call $connect (struct.get $scale $offset (ref.cast (ref $scale) (local.get $this))) (local.get $this)))
  (func $scale_leave (type $do) (param $this (ref $constraint))
    (call $binary_leave (local.get $this))
    (call $disconnect (struct.get $scale $factor (ref.cast (ref $scale) (local.get $this))) (local.get $this))
    (call $disconnect (struct.get $scale $offset (ref.cast (ref $scale) (local.get $this))) (local.get $this)))
  (func $scale_mark_inputs (type $do_mark) (param $constraint (ref $constraint)) (param $mark i32)
    (local $this (ref $scale))
    (local.set $this (ref.cast (ref $scale) (local.get $constraint)))
    (call $binary_mark_inputs (local.get $this) (local.get $mark))
    (struct.set $variable $mark (struct.get $scale $factor (local.get $this)) (local.get $mark))
    (struct.set $variable $mark (struct.get $scale $offset (local.get $this)) (local.get $mark)))
  (func $scale_recalculate (type $do) (param $constraint (ref $constraint))
    (local $this (ref $scale))
    (local.set $this (ref.cast (ref $scale) (local.get $constraint)))
    (call $follow (local.get $this)
      (i32.and
        (struct.get $variable $stay (struct.get $scale $factor (local.get $this)))
        (struct.get $variable $stay (struct.get $scale $offset (local.get $this))))))
  (func $scale_execute (type $do) (param $constraint (ref $constraint))
    (local $this (ref $scale)) (local $factor i32) (local $offset i32) (local $a (ref $variable)) (local $b (ref $variable))
    (local.set $this (ref.cast (ref $scale) (local.get $constraint)))
    (local.set $factor (struct.get $variable $value (struct.get $scale $factor (local.get $this))))
    (local.set $offset (struct.get $variable $value (struct.get $scale $offset (local.get $this))))
    (local.set $a (struct.get $scale $a (local.get $this)))
    (local.set $b (struct.get $scale $b (local.get $this)))
    (if (i32.eq (struct.get $scale $direction (local.get $this)) (i32.const 1))
      (then
        (struct.set $variable $value (local.get $b)
          (i32.add
            (i32.mul (struct.get $variable $value (local.get $a)) (local.get $factor))
            (local.get $offset))))
      (else
        (struct.set $variable $value (local.get $a)
          (i32.div_s
            (i32.sub (struct.get $variable $value (local.get $b)) (local.get $offset))
            (local.get $factor))))))

  (global $scale (ref $methods)
    (struct.new $methods
      (ref.func $scale_enter) (ref.func $scale_leave) (ref.func $binary_choose) (ref.func $binary_is_satisfied)
      (ref.func $binary_unsatisfy) (ref.func $scale_mark_inputs) (ref.func $binary_inputs_known)
      (ref.func $binary_output) (ref.func $scale_recalculate) (ref.func $scale_execute)))

  ;; The planner.

  (global $marks (mut i32) (i32.const 0))

  (func $new_mark (result i32)
    (global.set $marks (i32.add (global.get $marks) (i32.const 1)))
    (global.get $marks))

  ;; Satisfies a constraint, if it can be, and gives the one that is overridden.
  (func $satisfy (param $this (ref $constraint)) (param $mark i32) (result (ref null $constraint))
    (local $output (ref $variable)) (local $overridden (ref null $constraint))
    (call $choose (local.get $this) (local.get $mark))
    (if (i32.eqz (call $is_satisfied (local.get $this)))
      (then
        (if (i32.eqz (struct.get $constraint $strength (local.get $this))) (then (unreachable)))
        (return (ref.null $constraint))))
    (call $mark_inputs (local.get $this) (local.get $mark))
    (local.set $output (call $output (local.get $this)))
    (local.set $overridden (struct.get $variable $determined_by (local.get $output)))
    (if (i32.eqz (ref.is_null (local.get $overridden)))
      (then (call $unsatisfy (ref.as_non_null (local.get $overridden)))))
    (struct.set $variable $determined_by (local.get $output) (local.get $this))
    (call $add_propagate (local.get $this) (local.get $mark))
    (struct.set $variable $mark (local.get $output) (local.get $mark))
    (local.get $overridden))

  (func $incremental_add (param $constraint (ref $constraint))
    (local $mark i32) (local $overridden (ref null $constraint))
    (local.set $mark (call $new_mark))
    (local.set $overridden (call $satisfy (local.get $constraint) (local.get $mark)))
    (block $end
      (loop $next
        (local.set $overridden
          (call $satisfy (br_on_null $end (local.get $overridden)) (local.get $mark)))
        (br $next))))

  (func $incremental_remove (param $constraint (ref $constraint))
    (local $unsatisfied (ref $list)) (local $output (ref $variable)) (local $strength i32) (local $i i32)
    (local $one (ref $constraint))
    (local.set $output (call $output (local.get $constraint)))
    (call $unsatisfy (local.get $constraint))
    (call $leave (local.get $constraint))
    (local.set $unsatisfied (call $remove_propagate (local.get $output)))
    (loop $weaker
      (local.set $i (i32.const 0))
      (block $end
        (loop $next
          (br_if $end (i32.ge_s (local.get $i) (struct.get $list $len (local.get $unsatisfied))))
          (local.set $one (call $constraint_at (local.get $unsatisfied) (local.get $i)))
          (if (i32.eq (struct.get $constraint $strength (local.get $one)) (local.get $strength))
            (then (call $incremental_add (local.get $one))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next)))
      (br_if $weaker
        (i32.lt_s (local.tee $strength (i32.add (local.get $strength) (i32.const 1))) (i32.const 6)))))

  ;; Adds to a list the constraints that a variable goes into.
  (func $add_consumers (param $variable (ref $variable)) (param $to (ref $list))
    (local $i i32) (local $constraints (ref $list)) (local $one (ref $constraint))
    (local.set $constraints (struct.get $variable $constraints (local.get $variable)))
    (block $end
      (loop $next
        (br_if $end (i32.ge_s (local.get $i) (struct.get $list $len (local.get $constraints))))
        (local.set $one (call $constraint_at (local.get $constraints) (local.get $i)))
        (if (i32.eqz (ref.eq (local.get $one) (struct.get $variable $determined_by (local.get $variable))))
          (then
            (if (call $is_satisfied (local.get $one))
              (then (call $push (local.get $to) (local.get $one))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))

  (func $add_propagate (param $constraint (ref $constraint)) (param $mark i32)
    (local $todo (ref $list)) (local $one (ref $constraint)) (local $output (ref $variable))
    (local.set $todo (call $list))
    (call $push (local.get $todo) (local.get $constraint))
    (loop $next
      (local.set $one (ref.cast (ref $constraint) (call $pop (local.get $todo))))
      (local.set $output (call $output (local.get $one)))
      ;; A circle; these problems have none.
      (if (i32.eq (struct.get $variable $mark (local.get $output)) (local.get $mark)) (then (unreachable)))
      (call $recalculate (local.get $one))
      (call $add_consumers (local.get $output) (local.get $todo))
      (br_if $next (struct.get $list $len (local.get $todo)))))

  ;; Takes back what follows from a variable: the constraints that are not satisfied then.
  (func $remove_propagate (param $variable (ref $variable)) (result (ref $list))
    (local $unsatisfied (ref $list)) (local $todo (ref $list)) (local $constraints (ref $list)) (local $i i32)
    (local $one (ref $constraint))
    (struct.set $variable $determined_by (local.get $variable) (ref.null $constraint))
    (struct.set $variable $strength (local.get $variable) (i32.const 6))
    (struct.set $variable $stay (local.get $variable) (i32.const 1))
    (local.set $unsatisfied (call $list))
    (local.set $todo (call $list))
    (call $push (local.get $todo) (local.get $variable))
    (loop $variables
      (local.set $variable (ref.cast (ref $variable) (call $pop (local.get $todo))))
      (local.set $constraints (struct.get $variable $constraints (local.get $variable)))
      (local.set $i (i32.const 0))
      (block $end
        (loop $next
          (br_if $end (i32.ge_s (local.get $i) (struct.get $list $len (local.get $constraints))))
          (local.set $one (call $constraint_at (local.get $constraints) (local.get $i)))
          (if (call $is_satisfied (local.get $one))
            (then
              (if (i32.eqz
                    (ref.eq (local.get $one) (struct.get $variable $determined_by (local.get $variable))))
                (then
                  (call $recalculate (local.get $one))
                  (call $push (local.get $todo) (call $output (local.get $one))))))
            (else (call $push (local.get $unsatisfied) (local.get $one))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next)))
      (br_if $variables (struct.get $list $len (local.get $todo))))
    (local.get $unsatisfied))

  ;; What to execute, in order, when the variable of an edit constraint has changed.
  (func $plan (param $edit (ref $constraint)) (result (ref $list))
    (local $mark i32) (local $plan (ref $list)) (local $todo (ref $list)) (local $one (ref $constraint))
    (local $output (ref $variable))
    (local.set $mark (call $new_mark))
    (local.set $plan (call $list))
    (local.set $todo (call $list))
    (if (call $is_satisfied (local.get $edit)) (then (call $push (local.get $todo) (local.get $edit))))
    (block $end
      (loop $next
        (br_if $end (i32.eqz (struct.get $list $len (local.get $todo))))
        (local.set $one (ref.cast (ref $constraint) (call $pop (local.get $todo))))
        (local.set $output (call $output (local.get $one)))
        (br_if $next (i32.eq (struct.get $variable $mark (local.get $output)) (local.get $mark)))
        (br_if $next (i32.eqz (call $inputs_known (local.get $one) (local.get $mark))))
        (call $push (local.get $plan) (local.get $one))
        (struct.set $variable $mark (local.get $output) (local.get $mark))
        (call $add_consumers (local.get $output) (local.get $todo))
        (br $next)))
    (local.get $plan))

  (func $run_plan (param $plan (ref $list))
    (local $i i32)
    (loop $next
      (if (i32.ge_s (local.get $i) (struct.get $list $len (local.get $plan))) (then (return)))
      (call $execute (call $constraint_at (local.get $plan) (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))

  (func $add (param $constraint (ref $constraint)) (result (ref $constraint))
    (call $enter (local.get $constraint))
    (call $incremental_add (local.get $constraint))
    (local.get $constraint))

  (func $add_stay (param $variable (ref $variable)) (param $strength i32)
    (drop
      (call $add
        (struct.new $unary
          (global.get $unary) (local.get $strength) (local.get $variable) (i32.const 0) (i32.const 0)))))

  ;; An edit constraint, which is preferred.
  (func $add_edit (param $variable (ref $variable)) (result (ref $constraint))
    (return_call $add
      (struct.new $unary (global.get $unary) (i32.const 2) (local.get $variable) (i32.const 1) (i32.const 0))))

  ;; The problems.

  (func $expect (param $variable (ref $variable)) (param $value i32)
    (if (i32.ne (struct.get $variable $value (local.get $variable)) (local.get $value)) (then (unreachable))))

  (func $chain (param $n i32) (result i32)
    (local $first (ref $variable)) (local $last (ref $variable)) (local $variable (ref $variable))
    (local $i i32) (local $plan (ref $list)) (local $edit (ref $constraint))
    (local.set $first (call $variable (i32.const 0)))
    (local.set $last (local.get $first))
    (loop $next
      (local.set $variable (call $variable (i32.const 0)))
      (drop
        (call $add
          (struct.new $binary
            (global.get $equal) (i32.const 0) (local.get $last) (local.get $variable) (i32.const 0))))
      (local.set $last (local.get $variable))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (call $add_stay (local.get $last) (i32.const 3))
    (local.set $edit (call $add_edit (local.get $first)))
    (local.set $plan (call $plan (local.get $edit)))
    (local.set $i (i32.const 0))
    (loop $values
      (struct.set $variable $value (local.get $first) (local.get $i))
      (call $run_plan (local.get $plan))
      (call $expect (local.get $last) (local.get $i))
      (br_if $values (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
    (struct.get $variable $value (local.get $last)))

  (func $change (param $variable (ref $variable)) (param $value i32)
    (local $edit (ref $constraint)) (local $plan (ref $list)) (local $i i32)
    (local.set $edit (call $add_edit (local.get $variable)))
    (local.set $plan (call $plan (local.get $edit)))
    (loop $next
      (struct.set $variable $value (local.get $variable) (local.get $value))
      (call $run_plan (local.get $plan))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (if (call $is_satisfied (local.get $edit))
      (then (call $incremental_remove (local.get $edit)))
      (else (call $leave (local.get $edit)))))

  (func $projection (param $n i32) (result i32)
    (local $factor (ref $variable)) (local $offset (ref $variable)) (local $from (ref $variable)) (local $to (ref $variable))
    (local $copies (ref $list)) (local $i i32) (local $sum i32)
    (local.set $factor (call $variable (i32.const 10)))
    (local.set $offset (call $variable (i32.const 1000)))
    (local.set $from (local.get $factor))
    (local.set $to (local.get $factor))
    (local.set $copies (call $list))
    (loop $next
      (local.set $from (call $variable (local.get $i)))
      (local.set $to (call $variable (local.get $i)))
      (call $push (local.get $copies) (local.get $to))
      (call $add_stay (local.get $from) (i32.const 4))
      (drop
        (call $add
          (struct.new $scale
            (global.get $scale) (i32.const 0) (local.get $from) (local.get $to) (i32.const 0)
            (local.get $factor) (local.get $offset))))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (call $change (local.get $from) (i32.const 17))
    (call $expect (local.get $to) (i32.const 1170))
    (call $change (local.get $to) (i32.const 1050))
    (call $expect (local.get $from) (i32.const 5))
    (call $change (local.get $factor) (i32.const 5))
    (call $change (local.get $offset) (i32.const 2000))
    (local.set $i (i32.const 0))
    (loop $check
      (local.set $to (call $variable_at (local.get $copies) (local.get $i)))
      (call $expect (local.get $to) (i32.add (i32.mul (local.get $i) (i32.const 5)) (i32.const 2000)))
      (local.set $sum (i32.add (local.get $sum) (struct.get $variable $value (local.get $to))))
      (br_if $check
        (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  (func (export "run") (param $n i32) (result i64)
    (i64.extend_i32_s (i32.add (call $chain (local.get $n)) (call $projection (local.get $n))))))
