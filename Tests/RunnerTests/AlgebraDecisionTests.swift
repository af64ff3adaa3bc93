// What follows from libraries that compute wrongly.

import Runner
import TensorMath
import Testing

@Suite struct AlgebraDecisionTests {
    private static func check(
        _ routine: String, of library: AlgebraCheck.Library = .openBLAS, isRight: Bool
    ) -> AlgebraCheck {
        AlgebraCheck(
            routine, of: library, found: [isRight ? 1 : 2], expected: [1], tolerance: 0.1)
    }

    private static func decision(
        _ checks: [AlgebraCheck], hasAVX2: Bool = true, fallback: String? = nil
    ) -> AlgebraDecision {
        AlgebraDecision(checks, core: "Cooperlake", hasAVX2: hasAVX2, fallback: fallback)
    }

    private static let right = check("dsyrk", isRight: true)
    private static let wrong = check("dgemm", isRight: false)
    private static let reason = "wrong results of dgemm (OpenBLAS' kernels: Cooperlake)"

    @Test("kernels that are right are used, and it is kept why they are not the usual ones")
    func use() {
        #expect(Self.decision([Self.right]) == .use(fallback: nil))
        #expect(Self.decision([Self.right], fallback: "x") == .use(fallback: "x"))
        #expect(Self.decision([Self.right], hasAVX2: false) == .use(fallback: nil))
    }

    @Test("wrong kernels give way to AVX2 kernels of the library that is wrong, each named once")
    func restart() {
        #expect(
            Self.decision([Self.right, Self.wrong, Self.wrong])
                == .restart(variables: ["OPENBLAS_CORETYPE": "Haswell"], reason: Self.reason))
        let product = Self.check("float32 product", of: .oneDNN, isRight: false)
        #expect(
            Self.decision([product])
                == .restart(
                    variables: ["ONEDNN_MAX_CPU_ISA": "AVX2"],
                    reason: "wrong results of float32 product (OpenBLAS' kernels: Cooperlake)"))
        guard case .restart(let variables, _) = Self.decision([product, Self.wrong]) else {
            Issue.record("no restart")
            return
        }
        #expect(variables.count == 2)
    }

    @Test("where AVX2 is missing, or its kernels are wrong as well, nothing is used")
    func refuse() {
        for (hasAVX2, fallback) in [(false, nil), (true, "the first")] as [(Bool, String?)] {
            let found = Self.decision([Self.wrong], hasAVX2: hasAVX2, fallback: fallback)
            guard case .refuse(let reason) = found else {
                Issue.record("\(found)")
                continue
            }
            #expect(reason.hasPrefix(Self.reason) && reason.contains("install another version"))
            #expect(reason.contains("after a restart for the first") == (fallback != nil))
        }
    }
}
