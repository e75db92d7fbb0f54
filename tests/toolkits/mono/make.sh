#!/usr/bin/env bash
# Builds call.exe as a .NET developer of old would: Mono's wsdl reads what the running gateway serves.
#
#   make.sh URL FOLDER
#
# The classes of the services that applications host are compiled as well. Those in Visual Basic are
# made and held against the C# ones: Debian has no compiler for them.
set -euo pipefail

url="$1" out="$2" here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
mkdir -p "$out"
cd "$out"

# generate FILE NAMESPACE PATH OPTION…: FILE of the WSDL at PATH.
generate() {
  wsdl -nologo -namespace:"Oig.$2" -out:"$1" "${@:4}" "$url$3" >"$1.log" 2>&1 || { cat "$1.log" >&2; return 1; }
  # What it could not make use of is said in the log or in comments of the file.
  ! grep -iE '^(warning|error)|CODEGEN' "$1.log" "$1" >&2
}
# together COMMAND…: what was started in the background must all end well.
together() { local job; for job in "$@"; do wait "$job"; done; }

generate Call.cs Call /mitel/oig/cc/StandardCCService?wsdl & jobs=($!)
generate Old.cs Call /axis2/services/StandardCCService.wsdl & jobs+=($!)
generate Session.cs Session /mitel/oig/session/SessionService?wsdl & jobs+=($!)
generate Data.cs Data /mitel/oig/da/DataAccessService?wsdl & jobs+=($!)
generate Visual.vb Visual /mitel/oig/cc/StandardCCService?wsdl -language:VB & jobs+=($!)
for hosted in EventHandlerCCService AdvEventHandlerCCService SessionHAEventHandler; do
  generate "$hosted.cs" "$hosted" "/axis2/services/$hosted?wsdl" -server & jobs+=($!)
done
together "${jobs[@]}"

# Where old applications look for the WSDL it gives the same class, but for the address.
diff <(grep -v 'this\.Url' Call.cs) <(grep -v 'this\.Url' Old.cs) >&2

methods() { sed -nE "s/$1/\2/p" "$2" | sort; }
methods '^        public ([A-Za-z0-9]+) ([A-Za-z0-9]+)\(\[System\.Xml.*' Call.cs >methods-cs
methods '^( {8}Public Function )([A-Za-z0-9]+)\(<System\.Xml.*' Visual.vb >methods-vb
[ -s methods-cs ] && diff methods-cs methods-vb >&2

mcs -nologo -target:library -reference:System.Web.Services -out:hosted.dll ./*CCService.cs SessionHA*.cs & jobs=($!)
mcs -nologo -out:call.exe -reference:System.Web.Services -reference:System.Web.Extensions \
  Call.cs Session.cs Data.cs "$here"/*.cs & jobs+=($!)
together "${jobs[@]}"
cp "$here/call.exe.config" .
echo "built, $(wc -l <methods-cs) operations of call control in C# and Visual Basic"
