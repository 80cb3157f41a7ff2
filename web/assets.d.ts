/** Style sheets are bundled by the build; importing one only names it. */
declare module '*.css';
