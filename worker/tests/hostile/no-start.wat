;; expect: invalid-program
(module (func (export "main")))
