// The small files beside a model's weights, by name: those of its folder, and texts that stand for
// files where a model came without them.

package import SystemPackage

package struct SideFiles: Sendable {
    package typealias Text = @Sendable () throws -> [UInt8]

    /// Where files lie.
    package let folder: FilePath
    /// What messages call the model.
    package let model: FilePath
    /// In the place of files that are not there.
    private let made: [String: Text]
    /// Why a file that models have is neither there nor made.
    private let reasons: [String: String]

    package init(
        _ folder: FilePath, of model: FilePath? = nil, made: [String: Text] = [:],
        reasons: [String: String] = [:]
    ) {
        self.folder = folder
        self.model = model ?? folder
        self.made = made
        self.reasons = reasons
    }

    package func path(_ name: String) -> FilePath { folder.appending(name) }

    /// Nil where there is none.
    /// - Throws: as `SmallFile.read(following:)`, and what making throws.
    package func read(_ name: String, bytesMax: Int) throws -> [UInt8]? {
        do {
            return try SmallFile.read(following: path(name), bytesMax: bytesMax)
        } catch let error as SystemCallError where error.isMissing {
            return try made[name]?()
        }
    }

    /// Why there is no file of the name; nil where nothing is known of it.
    package func reason(_ name: String) -> String? { reasons[name] }

    package var madeNames: [String] { made.keys.sorted() }

    /// What is made under a name, be a file there or not.
    package func madeText(_ name: String) throws -> [UInt8]? { try made[name]?() }
}
