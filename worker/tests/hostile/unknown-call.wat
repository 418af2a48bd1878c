;; expect: invalid-program
;; WASI has no such call.
(module
  (import "wasi_snapshot_preview1" "sock_open" (func (param i32 i32 i32) (result i32)))
  (func (export "_start")))
