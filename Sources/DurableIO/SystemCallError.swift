// What the kernel refused: which call, on which path, why, and what a person can do about it.

package import Failures
package import SystemPackage

/// The kernel calls that `Syscalls` wraps, by the name a manual page has for them.
package enum SystemCall: String, CaseIterable, Sendable {
    case open, read, write, fsync, close
    case rename, link, unlink, mkdir, rmdir
    case stat, list, chmod, utimens, flock
    case statvfs, allocate, copyRange = "copy_file_range", syncfs
    case getxattr, setxattr
}

/// A failed kernel call.
package struct SystemCallError: DiskFailure, Equatable, Sendable {
    package let call: SystemCall
    /// The path the call was about; of a rename or link, the target.
    package let path: FilePath
    package let errno: Errno
    package var failureClass: FailureClass { errno.failureClass }

    package init(_ call: SystemCall, _ path: FilePath, _ errno: Errno) {
        self.call = call
        self.path = path
        self.errno = errno
    }

    /// Whether the disk (or the quota) is full, so that freeing space can help.
    package var isDiskFull: Bool { errno.isDiskFull }

    package var isMissing: Bool { errno == .noSuchFileOrDirectory }

    /// What a person can do about it.
    package var remedy: String {
        switch errno {
        case .noSpace: "free space on this file system, then try again"
        case .diskQuotaExceeded: "raise the quota of this user or delete files, then try again"
        case .ioError:
            "the disk reported a damaged sector or a lost write: look at the kernel log "
                + "(journalctl -k), and do not trust this disk before it was checked"
        case .permissionDenied, .notPermitted:
            "give the user that runs this program the right to this path"
        case .readOnlyFileSystem: "mount the file system writable, or choose another folder"
        case .noSuchFileOrDirectory: "create it, or correct the path"
        case .isDirectory: "name a file, not a folder"
        case .notDirectory: "a file stands where a folder should: correct the path"
        case .fileExists: "remove it, or choose another name"
        case .improperLink:
            "source and target lie on different file systems or mounts: keep them under one"
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
            "raise the limit of open files (LimitNOFILE=, ulimit -n)"
        case .tooManySymbolicLinkLevels: "replace the symbolic link by the file itself"
        case .wouldBlock: "another process holds it: wait for that process or stop it"
        default: "see 'man 2 \(call.rawValue)' for the meaning of this error"
        }
    }
}

extension Errno: DiskFailure {
    package var isDiskFull: Bool { DiskFailures.isDiskFull(errno: rawValue) }
    package var failureClass: FailureClass { FailureClass(errno: rawValue) }
}

extension SystemCallError: CustomStringConvertible {
    package var description: String {
        "\(call.rawValue) failed on `\(path)`: \(errno); \(remedy)"
    }
}
