;; expect: output-too-large
;; One byte, a terabyte away.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $write (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "out/hole")
  (data (i32.const 16) "\00\00\00\00\01\00\00\00")
  (func (export "_start")
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8)
      (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 32)))
    (drop (call $write (i32.load (i32.const 32)) (i32.const 16) (i32.const 1)
      (i64.const 1099511627776) (i32.const 36)))
    (call $exit (i32.const 1))))
