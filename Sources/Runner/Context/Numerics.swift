// What decides the last bits of every number; part of the keys of all stages that compute.

import JSON
import Jobs
import Report
import Store
import TensorMath

struct Numerics {
    let mode: ComputeMode

    init(_ choice: JobDescription.ComputeChoice) {
        switch choice {
        case .f32: mode = .float32
        case .bf16: mode = .bfloat16
        case .auto: mode = MatrixProduct.automaticMode
        }
    }

    var productKernels: Int { Provenance.productKernels }

    /// For keys: mode, kernel level, threads and the kernels that the libraries use.
    var key: KeyJSON {
        [
            "blas": .string(Provenance.blasCore), "compute": .string(mode.rawValue),
            "kernels": .integer(kernelLevel()), "products": .integer(productKernels),
            "threads": .integer(Parallel.threadCount),
        ]
    }

    var report: RunReport.Numerics {
        RunReport.Numerics(
            compute: mode.rawValue, kernelLevel: Provenance.kernelLevelName,
            threads: Parallel.threadCount, blasCore: Provenance.blasCore, cpu: processorName())
    }
}
