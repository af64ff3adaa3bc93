// The classes of what the system says: the one place that classes an errno, and Foundation's errors
// by the errno that they carry.

package import Foundation
import Glibc

extension FailureClass {
    /// The class of an errno (errno(3)).
    package init(errno: CInt) {
        switch errno {
        case ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE: self = .resource
        case EIO, EINTR, EAGAIN, EBUSY, ESTALE, ETIMEDOUT: self = .transient
        // A path that is not there, not to be read, or of the wrong kind.
        default: self = .user
        }
    }
}

extension POSIXError: DiskFailure {
    package var isDiskFull: Bool { DiskFailures.isDiskFull(errno: code.rawValue) }
    package var failureClass: FailureClass { FailureClass(errno: code.rawValue) }
}

extension CocoaError: DiskFailure {
    package var isDiskFull: Bool {
        if let cause = underlying as? POSIXError { return cause.isDiskFull }
        return code == .fileWriteOutOfSpace
    }

    /// Foundation numbers errors of files below 1024; the rest is about values of our own making.
    package var failureClass: FailureClass {
        if let cause = underlying as? POSIXError { return cause.failureClass }
        return switch code {
        case .fileWriteOutOfSpace: .resource
        case .fileReadUnknown, .fileWriteUnknown: .transient
        default: code.rawValue < 1024 ? .user : .bug
        }
    }
}
