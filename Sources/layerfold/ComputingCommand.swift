// Verbs that compute, or that look for what was computed: before they run, the linear algebra of
// this machine is settled.

import ArgumentParser
import Runner

/// A verb whose figures, and whose keys, come from OpenBLAS and oneDNN.
protocol ComputingCommand: ParsableCommand {
    /// Whether it starts other programs, which would inherit that our threads take no signals.
    static var startsPrograms: Bool { get }
}

extension ComputingCommand {
    static var startsPrograms: Bool { false }

    /// Restarts the process where the kernels in use are wrong and others can be had.
    ///
    /// - Throws: `Failure` where no kernels are right.
    static func settleAlgebra() throws {
        if !startsPrograms { SignalShield.raise() }
        switch AlgebraSettlement.settle() {
        case .use: return
        case .restart(_, let reason), .refuse(let reason):
            throw Failure(.jobFailed, reason)
        }
    }
}

enum AlgebraSettlement {
    /// What the checks say; a restart is left over only where the kernel refused it.
    static func settle() -> AlgebraDecision {
        let decision = LibraryEnvironment.checkAlgebra()
        if case .restart(let variables, let reason) = decision {
            Terminal.error("layerfold: \(reason): starting again with AVX2 kernels")
            LibraryEnvironment.restart(variables: variables, reason: reason)
        }
        return decision
    }
}
