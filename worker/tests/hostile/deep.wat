;; expect: exited 37
;; Folders in folders, until the names are too deep; it exits with the error's number.
(module
  (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "out")
  (func (export "_start") (local $length i32) (local $errno i32)
    (local.set $length (i32.const 3))
    (loop
      (i32.store16 (local.get $length) (i32.const 0x642f))
      (local.set $length (i32.add (local.get $length) (i32.const 2)))
      (if (local.tee $errno (call $make (i32.const 3) (i32.const 0) (local.get $length)))
        (then (call $exit (local.get $errno))))
      (br 0))))
