;; expect: exited 0
;; Waits until a millisecond has passed without sleeping: the clock runs with the fuel, so this ends.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $time (i32.const 1) (i64.const 1) (i32.const 0)))
    (loop
      (drop (call $time (i32.const 1) (i64.const 1) (i32.const 8)))
      (br_if 0 (i64.lt_u
        (i64.sub (i64.load (i32.const 8)) (i64.load (i32.const 0))) (i64.const 1000000))))))
