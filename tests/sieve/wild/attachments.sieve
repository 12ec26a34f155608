#: invoice -> fileinto Invoices
#: plain -> implicit keep
require ["fileinto", "mime", "foreverypart", "variables"];
foreverypart {
    if allof (header :mime :type "Content-Type" "application",
              header :mime :param "filename" :matches "Content-Disposition" ["*.pdf", "*.PDF"]) {
        set "found" "yes";
        break;
    }
}
if string "${found}" "yes" { fileinto "Invoices"; }
