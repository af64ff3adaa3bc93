// Scratch that is used again: never by two at once, and no more of it than is needed at once.

import TensorMath
import Testing

@Suite struct MatrixPoolTests {
    @Test("a buffer that is held is not lent again, one that is not is")
    func holding() {
        let pool = MatrixPool()
        let held = pool.matrix(rows: 2, columns: 3)
        held.fill(7)
        for _ in 0..<5 {
            let other = pool.matrix(rows: 3, columns: 2)
            #expect(other.storage !== held.storage)
            other.fill(1)
        }
        #expect(held.values() == [7, 7, 7, 7, 7, 7])
        // One for each that was lent at once.
        #expect(pool.floatCount == 12)
    }

    @Test("a view of a part keeps the buffer, too")
    func parts() {
        let pool = MatrixPool()
        let column = pool.matrix(rows: 4, columns: 4).columns(1..<2)
        #expect(pool.matrix(rows: 4, columns: 4).storage !== column.storage)
    }

    @Test("the smallest that is large enough is lent; a too small one makes room for a larger")
    func sizes() {
        let pool = MatrixPool()
        do {
            let large = pool.matrix(rows: 10, columns: 10)
            let small = pool.matrix(rows: 5, columns: 5)
            #expect(large.storage !== small.storage)
        }
        #expect(pool.floatCount == 125)
        #expect(pool.matrix(rows: 5, columns: 5).storage.count == 25)
        #expect(pool.matrix(rows: 26, columns: 1).storage.count == 100)
        // The larger of the free ones goes.
        #expect(pool.matrix(rows: 11, columns: 11).storage.count == 121)
        #expect(pool.floatCount == 146)
    }

    @Test("a matrix of nothing is one")
    func empty() {
        let pool = MatrixPool()
        #expect(pool.matrix(rows: 0, columns: 5).values().isEmpty)
        #expect(pool.matrix(rows: 5, columns: 0).columns == 0)
    }
}
