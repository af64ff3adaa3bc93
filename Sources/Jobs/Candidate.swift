// A job's folded models, one for each method and ratio, and the folders they go into.

package import Catalogue

extension JobDescription {
    /// One model to make.
    package struct Candidate: Sendable, Equatable {
        /// What tells candidates apart.
        struct Identity: Hashable {
            let method: String
            let ratio: Double?
            let parameters: Parameters
        }

        package let method: String
        /// Nil where the method takes none.
        package let ratio: Double?
        package let parameters: Parameters
        /// Name of the folder in the results, unique within the job.
        package internal(set) var folder: String

        var identity: Identity {
            Identity(method: method, ratio: ratio, parameters: parameters)
        }
    }

    /// The models to make, in the order of the manifest. Folders are `mka-r0.25`, or
    /// have the entry's label in the place of the method; of equal ones the later get `-2`, `-3`.
    package var candidates: [Candidate] {
        var used: [String: Int] = [:]
        return compress.flatMap(\.candidates).map { candidate in
            var candidate = candidate
            let count = used[candidate.folder, default: 0] + 1
            used[candidate.folder] = count
            if count > 1 { candidate.folder += "-\(count)" }
            return candidate
        }
    }
}

extension JobDescription.Compression {
    var candidates: [JobDescription.Candidate] {
        guard ratios.isEmpty else {
            return ratios.map {
                JobDescription.Candidate(
                    method: method, ratio: $0, parameters: parameters, folder: "\(name)-r\($0)")
            }
        }
        return [
            JobDescription.Candidate(
                method: method, ratio: nil, parameters: parameters, folder: name)
        ]
    }
}
