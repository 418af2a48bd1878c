;; expect: invalid-program
(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i64 i64) (result i64)))
  (func (export "_start")))
