// The libraries held against plain loops: right where these tests run, and wrong results are seen.

import TensorMath
import Testing

@Suite struct AlgebraCheckTests {
    @Test("the libraries of this machine are right, on every size")
    func rightHere() {
        let checks = AlgebraCheck.run()
        let half: Set<String> = MatrixProduct.hasNativeHalf ? ["bfloat16 product"] : []
        #expect(
            Set(checks.map(\.routine))
                == half.union([
                    "dgemm", "dsyrk", "sgemm", "float32 product",
                    "float32 product of transposed factors", "dpotrf", "dsyevd", "dsyevr",
                ]))
        #expect(checks.filter { !$0.isRight }.map(\.routine) == [])
    }

    private static func isRight(_ found: [Double]) -> Bool {
        AlgebraCheck(
            "dgemm", of: .openBLAS, found: found, expected: [1, 2, -3], tolerance: 1e-9
        ).isRight
    }

    @Test("what rounding explains is right; one wrong entry, a NaN and a missing entry are not")
    func wrong() {
        #expect(Self.isRight([1, 2, -3]) && Self.isRight([1 + 1e-10, 2, -3]))
        #expect(!Self.isRight([1, 2 + 1e-8, -3]))
        #expect(!Self.isRight([1, .nan, -3]) && !Self.isRight([1, 2, -.infinity]))
        #expect(!Self.isRight([1, 2]) && !Self.isRight([]))
    }
}
