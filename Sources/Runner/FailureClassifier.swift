// Who has to act on an error: decides whether the queue tries again.

import Analysis
import Checkpoint
import Compression
import DurableIO
import Evaluation
package import Jobs
import Model
import Store
import SystemPackage
import Texts
import Tokenizer

package enum FailureClassifier {
    package static func failure(for error: any Error) -> WorkerOutcome.Failure {
        WorkerOutcome.Failure(
            failureClass: failureClass(of: error), message: String(describing: error))
    }

    private static func failureClass(of error: any Error) -> FailureClass {
        if let errno = systemError(in: error) {
            switch errno {
            case .noSpace, .diskQuotaExceeded, .noMemory, .tooManyOpenFiles: return .resource
            case .ioError, .interrupted, .staleNFSFileHandle: return .transient
            default: return .user
            }
        }
        switch error {
        case is MemoryMissing: return .resource
        case let write as CheckpointWriteError: return write.isLackOfSpace ? .resource : .user
        case is CheckpointError, is ConfigError, is ModelError, is TokenizerError,
            is CalibrationError, is CSVError, is PlanError, is EvaluationError, is RootError,
            is AnalysisError, is AlignError, is LearnError, is FoldError:
            return .user
        default: return .bug
        }
    }

    private static func systemError(in error: any Error) -> Errno? {
        switch error {
        case let error as Errno: error
        case let error as SystemCallError: error.errno
        case StoreError.system(let error): error.errno
        case CheckpointWriteError.system(let error): error.errno
        default: nil
        }
    }
}

extension CheckpointWriteError {
    fileprivate var isLackOfSpace: Bool {
        switch self {
        case .spaceMissing: true
        default: false
        }
    }
}
