;; expect: trap
;; Does the same through a table, with many arguments each time.
(module
  (type $wide (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)))
  (table 1 funcref)
  (elem (i32.const 0) $deeper)
  (func $deeper (type $wide)
    (call_indirect (type $wide)
      (local.get 9) (local.get 0) (local.get 1) (local.get 2) (local.get 3)
      (local.get 4) (local.get 5) (local.get 6) (local.get 7) (local.get 8) (i32.const 0)))
  (func (export "_start")
    (call $deeper
      (i64.const 0) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)
      (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9))))
