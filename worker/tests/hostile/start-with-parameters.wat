;; expect: invalid-program
(module (func (export "_start") (param i32)))
