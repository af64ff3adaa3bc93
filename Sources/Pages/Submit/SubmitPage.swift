// A job is made here: by a form of what the catalogue declares, or as text.

package import Report

package struct SubmitPage: Sendable {
    private let fields: SubmitFields
    private let manifest: String
    private let name: String?
    private let check: ManifestCheck
    private let models: [String]
    private let source: Source?

    /// The job whose manifest was taken over.
    package struct Source: Sendable {
        let id: String
        let name: String

        package init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }

    /// - Parameters:
    ///   - manifest: the text in the editor; empty for none.
    ///   - name: the job's where the manifest gives none; nil for that of `source`.
    ///   - models: names of models that the server knows of.
    package init(
        fields: SubmitFields = .initial, manifest: String = "", name: String? = nil,
        check: ManifestCheck = .unchecked, models: [String] = [], source: Source? = nil
    ) {
        self.fields = fields
        self.manifest = manifest
        self.name = name ?? source?.name
        self.check = check
        self.models = models
        self.source = source
    }

    package func render(_ frame: Frame) -> Markup {
        frame.page("Submit a job", at: .submit, frame.maySubmit ? forms(frame) : Self.noRight)
    }

    private static let noRight: Markup =
        "<p class=\"notice\">You may look at jobs here, and submit none.</p>"

    private func forms(_ frame: Frame) -> Markup {
        let from: Markup =
            source.map { source in
                """
                <p>The manifest is that of \
                <a href="\(frame.link("/jobs/\(source.id)"))">\(Markup.name(source.name))</a>: \
                change it and send it as a new job.</p>

                """
            } ?? ""
        let form = SubmitForm(fields: fields, models: models)
            .render(frame, isOpen: manifest.isEmpty)
        return from + form + ManifestEditor(text: manifest, check: check, name: name).render(frame)
    }
}
