// Why a file cannot become a job, as a word for programs and a sentence for people. Pure.

package import DurableIO
package import Failures
package import Jobs

package struct Refusal: ClassifiedFailure, Equatable {
    package enum Reason: String, Sendable, Codable, CaseIterable {
        /// The manifest itself.
        case manifest
        case fileName = "file_name"
        case notAFile = "not_a_file"
        case hardLinks = "hard_links"
        case crashOnParse = "crash_on_parse"
        /// Its owner may not read what it names.
        case notReadable = "not_readable"
    }

    package let reason: Reason
    package let error: ManifestError

    package var failureClass: FailureClass { .user }

    package init(_ reason: Reason, _ error: ManifestError) {
        self.reason = reason
        self.error = error
    }

    /// What can be told of a file without reading it; nil for one that is to be read.
    package init?(of status: FileStatus, _ name: InboxName) {
        if case .unfit(let problem) = name {
            self.init(
                .fileName, .file(problem, hint: "rename it, for example to `job.yaml`"))
        } else if status.kind != .regular {
            self.init(
                .notAFile,
                .file(
                    "not a regular file", expected: "a file",
                    found: "a link, pipe, socket or device",
                    hint: "put the manifest itself into the inbox"))
        } else if status.linkCount > 1 {
            self.init(
                .hardLinks,
                .file(
                    "the file has \(status.linkCount) names (hard links)",
                    expected: "one name", hint: "copy it into the inbox"))
        } else {
            return nil
        }
    }

    static func crash(times: Int) -> Refusal {
        Refusal(
            .crashOnParse,
            .file(
                "reading this file has crashed the daemon \(times) times",
                hint: "please report it, with the file"))
    }
}

extension ManifestError {
    /// A refusal of the file itself, before anything in it was read.
    static func file(
        _ problem: String, expected: String? = nil, found: String? = nil, hint: String? = nil
    ) -> ManifestError {
        ManifestError(
            line: 1, column: 1, path: "", problem: problem, expected: expected, found: found,
            hint: hint)
    }
}
