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
        /// What results and report call the entry; the method's name where it is nil.
        package let label: String?
        /// Name of the folder in the results, unique within the job, and the model's name in the
        /// report.
        package internal(set) var folder: String

        var identity: Identity {
            Identity(method: method, ratio: ratio, parameters: parameters)
        }
    }

    /// The models to make, in the order of the manifest. Folders are `mka-r0.25`, or
    /// have the entry's label in the place of the method; of equal ones the later get `-2`, `-3`.
    package var candidates: [Candidate] {
        var taken: Set<String> = []
        return compress.flatMap(\.candidates).map { candidate in
            var candidate = candidate
            let base = candidate.folder
            var number = 2
            // A label can be spelt like a numbered name: numbers go up to the first that is free.
            while !taken.insert(candidate.folder).inserted {
                candidate.folder = "\(base)-\(number)"
                number += 1
            }
            return candidate
        }
    }
}

extension JobDescription.Compression {
    /// In the order of the ratios, each with the folder it would have alone.
    var candidates: [JobDescription.Candidate] {
        let ratios: [Double?] = ratios.isEmpty ? [nil] : ratios
        return ratios.map { ratio in
            JobDescription.Candidate(
                method: method, ratio: ratio, parameters: parameters, label: label,
                folder: ratio.map { "\(name)-r\($0)" } ?? name)
        }
    }
}
